"""A foreign package that is installed over ours, and compiled files that are not what their source says."""

import importlib.machinery
import importlib.util
from pathlib import Path

import pytest

from gatekeeper import DISTRIBUTION
from gatekeeper.installation.files import BUILTIN_POLICIES, InstallationError, verify_files
from tests.gatekeeper.behaviour.ci.files import write_submission
from tests.gatekeeper.installation.compiled import PLANTED, forged
from tests.gatekeeper.installation.wheel import (
    ROOT,
    cache_of,
    install_over,
    put,
    record,
    run_installed,
)

FOREIGN = b"RAN = True\n"


def refusal(home: Path) -> str:
    with pytest.raises(InstallationError) as found:
        verify_files(home)
    return str(found.value)


def test_an_untouched_installation_decides_and_says_so(site: Path, tmp_path: Path) -> None:
    write_submission(tmp_path)
    words = ("check", "best.report.json", "--model", "best.pt")
    done = run_installed(site, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "not verified" not in done.stdout
    done = run_installed(site, *words, "--full")
    assert "  - files of gatekeeper are those that were installed" in done.stdout.splitlines()
    done = run_installed(site, *words, "--format", "json")
    assert '"files_verified": true,' in done.stdout


def test_a_checkout_decides_and_says_that_nothing_was_verified(tmp_path: Path) -> None:
    write_submission(tmp_path)
    words = ("check", "best.report.json", "--model", "best.pt")
    done = run_installed(ROOT, *words, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    brief = "But     not verified: the files of gatekeeper, which runs from a checkout"
    assert brief in done.stdout.splitlines()
    done = run_installed(ROOT, *words, "--full", folder=tmp_path)
    line = "  - files not verified: gatekeeper runs from a checkout, and only a wheel brings their digests"
    assert line in done.stdout.splitlines()


def check_named(site: Path, path: str, what: str) -> None:
    """A file that another package brings is refused, and that package is named."""
    install_over(site, "foo_service", {path: FOREIGN})
    assert refusal(site) == (
        f"{site / path} {what} (foo_service-1.0 brings it too); "
        f"install {DISTRIBUTION} again, into an environment of its own"
    )


@pytest.mark.parametrize(
    "path",
    [
        "schemas/__init__.py",
        "schemas/verdict/judge.py",
        "schemas/policies/strict-5cat.toml",
        "schemas/policy.v1.json",
        "gates/__init__.py",
        "trainers/architectures/linear.py",
        "gatekeeper/deployment/verify.py",
        "gatekeeper/data/formats/speeches.npz",
    ],
)
def test_a_file_that_another_package_overwrote_is_named_with_the_package(path: str, site: Path) -> None:
    check_named(site, path, "is not the file that was installed")


def test_an_installation_under_the_former_name_is_named_with_what_removes_it(site: Path) -> None:
    path = "gates/suite.py"
    install_over(site, "gatekeeper", {path: FOREIGN})
    assert refusal(site) == (
        f"{site / path} is not the file that was installed (gatekeeper-1.0 brings it too: pip uninstall "
        f"gatekeeper); install {DISTRIBUTION} again, into an environment of its own"
    )


@pytest.mark.parametrize(
    "path",
    [
        "schemas/verdict/checks/__init__.py",  # Python would take it for schemas/verdict/checks.py
        f"gates/similarity{importlib.machinery.EXTENSION_SUFFIXES[0]}",
        f"gates/similarity{importlib.machinery.EXTENSION_SUFFIXES[-1]}",
        "trainers/more.pyc",
        "gatekeeper/more.py",
        "schemas/policies/lenient.toml",
        "schemas/policy.v2.json",
    ],
)
def test_a_file_that_another_package_added_is_named_with_the_package(path: str, site: Path) -> None:
    check_named(site, path, "is no file of gatekeeper")


@pytest.mark.parametrize("name", ["gates/notes.txt", "schemas/.DS_Store", "trainers/py.typed~"])
def test_what_nobody_imports_may_lie_there(name: str, site: Path) -> None:
    put(site / name, FOREIGN)
    assert verify_files(site) is not None


def test_a_file_that_is_gone_is_named(site: Path) -> None:
    (site / "schemas" / "verdict" / "judge.py").unlink()
    assert refusal(site).startswith(
        f"{site / 'schemas' / 'verdict' / 'judge.py'} cannot be read: No such file or "
    )


def test_who_rewrites_the_record_too_does_not_change_a_built_in_policy(site: Path) -> None:
    path = "schemas/policies/seed-5cat.toml"
    lines = record(site).read_text().splitlines()
    digest = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"  # of nothing
    edited = [f"{path},sha256={digest},0" if line.startswith(path) else line for line in lines]
    put(record(site), "\n".join(edited).encode())
    put(site / path, b"")
    assert refusal(site).startswith(f"{site / path} is not the file that was installed; ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schemas/__init__.py,,\n", "RECORD holds no digest of schemas/__init__.py; "),
        ("schemas/__init__.py,md5=xx,9\n", "RECORD holds no digest of schemas/__init__.py; "),
        ("foo/__init__.py,,\n", "RECORD names none of the files of gatekeeper; "),
        ("", "RECORD names none of the files of gatekeeper; "),
        ("schemas,,\n", "RECORD holds no digest of schemas; "),
        ("schemas/__init__.py,sha256=A,9\n", "RECORD is broken: Invalid base64-encoded string"),
        ("schemas/__init__.py,sha256=\u00e9,9\n", "RECORD is broken: string argument should contain only "),
        ("schemas/__init__.py,sha256=\udcff,9\n", "RECORD is broken: 'utf-8' codec can't decode byte 0xff"),
        ("a" * 200_000, "RECORD is broken: field larger than field limit"),
    ],
)
def test_a_record_without_digests_is_refused(text: str, message: str, site: Path) -> None:
    put(record(site), text.encode(errors="surrogateescape"))
    assert message in refusal(site)


def test_a_second_record_is_refused(site: Path) -> None:
    name = record(site).parent.name
    second = name.replace("0.1.0", "9.9")
    put(site / second / "RECORD", record(site).read_bytes())
    assert refusal(site).startswith(f"{name} and {second} lie in {site} at once; ")


def test_the_digests_of_the_built_in_policies_are_those_of_this_tree() -> None:
    verify_files(ROOT)
    assert {ROOT / path for path in BUILTIN_POLICIES} == set((ROOT / "schemas" / "policies").glob("*.toml"))


@pytest.mark.parametrize("name", ["seed-5cat", "lenient"])
def test_the_policies_of_a_checkout_are_verified(name: str, checkout: Path) -> None:
    path = put(checkout / "schemas" / "policies" / f"{name}.toml", b"")
    assert refusal(checkout).startswith(f"{path} is n")


@pytest.mark.parametrize(
    "module", ["schemas/verdict/judge", "gates/answers", "trainers/registry", "gatekeeper/cli/app"]
)
@pytest.mark.parametrize("installed", [True, False], ids=["wheel", "checkout"])
def test_a_compiled_file_that_asks_not_to_be_checked_is_refused(
    module: str, installed: bool, site: Path, checkout: Path
) -> None:
    home = site if installed else checkout
    source = home / f"{module}.py"
    compiled = put(cache_of(source), forged(source, PLANTED, "unchecked"))
    assert refusal(home).startswith(f"{compiled} says that it need not be checked against its source")


def test_the_command_ends_in_one_line(site: Path) -> None:
    install_over(site, "foo_service", {"schemas/policies/seed-5cat.toml": b"", "schemas/__init__.py": b""})
    done = run_installed(site, "check", "best.report.json", "--model", "best.pt")
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(
        f"Error: {site / 'schemas' / '__init__.py'} is not the file that was installed (foo"
    )


def test_a_dependency_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    put(tmp_path / "click.py", b"raise ModuleNotFoundError('No module named click')")
    done = run_installed(tmp_path, "check", "x.json", PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"Error: No module named click; install {DISTRIBUTION} again\n"
