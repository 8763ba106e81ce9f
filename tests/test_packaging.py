"""What the project asks of others, and how it is called where it is installed."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gatekeeper import DISTRIBUTION

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
NEEDED = [Requirement(text) for text in chain(PROJECT["project"]["dependencies"], *EXTRAS.values())]
OWN = canonicalize_name(PROJECT["project"]["name"])


def allowed(name: str, version: str) -> bool:
    return all(each.specifier.contains(version) for each in NEEDED if canonicalize_name(each.name) == name)


@pytest.mark.parametrize(
    ("name", "holes", "mended"),
    [
        # CVE-2025-32434 and CVE-2026-24747: code runs in spite of weights_only.
        ("torch", ("2.5.1", "2.6.0", "2.7.1", "2.8.0", "2.9.1"), "2.10.0"),
        # CVE-2026-39892: buffers that are not contiguous overflow.
        ("cryptography", ("42.0.8", "44.0.3", "46.0.6"), "46.0.7"),
        # CVE-2025-27516: out of the sandbox; CVE-2024-34064: attributes out of their quotes.
        ("jinja2", ("3.1.3", "3.1.5"), "3.1.6"),
        # CVE-2024-34062: arguments are evaluated.
        ("tqdm", ("4.66.2",), "4.66.3"),
        # CVE-2026-0545, CVE-2026-2614, CVE-2026-8147: files and rights of the tracking server.
        ("mlflow", ("3.9.0", "3.10.1", "3.12.0"), "3.13.0"),
        # CVE-2026-4372: the configuration of an encoder names code, which runs.
        ("transformers", ("4.57.0", "5.2.0"), "5.3.0"),
        # CVE-2026-58659: a checkpoint names code, which runs; 2.6.2 and 2.6.3 were somebody else's.
        ("lightning", ("2.6.1", "2.6.3", "2.6.5"), "2.6.6"),
        # CVE-2026-69112: the index of a checkpoint leads out of its folder.
        ("accelerate", ("1.13.0", "1.14.0"), "1.15.0"),
    ],
)
def test_versions_with_known_holes_are_not_allowed(name: str, holes: tuple[str, ...], mended: str) -> None:
    assert not any(allowed(name, version) for version in holes)
    assert allowed(name, mended)


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = (re.fullmatch(r"([\w.-]+)==(\S+)", line) for line in lines)
    return {canonicalize_name(each[1]): each[2] for each in found if each is not None}


@pytest.mark.parametrize("requirement", NEEDED, ids=str)
def test_what_is_pinned_is_allowed(requirement: Requirement) -> None:
    name = canonicalize_name(requirement.name)
    if name == OWN:
        assert requirement.extras <= EXTRAS.keys()
    else:
        assert allowed(name, pins()[name])


def test_the_project_is_called_the_same_everywhere() -> None:
    assert OWN == DISTRIBUTION == "gatekeeper-5cat"


PLAIN = re.compile(
    r"""pkg:pypi/gatekeeper(?!-5cat)      # as statements name it
    |dependencies\s*=\s*\[[^]]*["']gatekeeper["'[<>=~! @]
    |\binstall\b[^\n`]*[\s"']gatekeeper(\[|==|>=|\s@|["'`]|\s*$)
    |\bgatekeeper\s*@\s*git
    """,
    re.VERBOSE | re.MULTILINE,
)


def texts() -> list[Path]:
    found = [ROOT / name for name in ("README.md", "Makefile", "action.yml", "pyproject.toml", "mkdocs.yml")]
    for folder in ("gatekeeper", "trainers", "gates", "schemas", "docs", "scripts", "benchmarks"):
        found += [path for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    return found


SUFFIXES = (".py", ".md", ".toml", ".yml", ".sh", ".json", ".j2")


def test_nothing_asks_for_the_plain_name_which_is_a_strangers() -> None:
    for path in texts():
        found = PLAIN.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{path}: {found and found[0]}"


@pytest.mark.parametrize(
    "text",
    [
        "pip install 'gatekeeper[mlflow]'",
        "pip install gatekeeper",
        "pip install --upgrade gatekeeper==0.1",
        'dependencies = ["numpy", "gatekeeper>=0.1"]',
        "gatekeeper @ git+https://example.org/x",
        "pkg:pypi/gatekeeper@0.1.0",
    ],
)
def test_control_the_plain_name_is_found(text: str) -> None:
    assert PLAIN.search(text)
    assert not PLAIN.search(text.replace("gatekeeper", "gatekeeper-5cat"))
