"""Plug-ins fail closed: what is broken, doubled or unknown is an error with a name in it."""

import zlib
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

import pytest

from schemas.errors import ModelError, UsageError
from trainers import registry
from trainers.architectures.linear import ARCHITECTURE
from trainers.recipes.ridge import TRAINER

LINEAR = "trainers.architectures.linear:ARCHITECTURE"
RIDGE = "trainers.recipes.ridge:TRAINER"


def install(monkeypatch: pytest.MonkeyPatch, *points: tuple[str, str]) -> None:
    """Pretend that these (name, value) are all that is installed, in both groups."""

    def found(*, group: str) -> tuple[EntryPoint, ...]:
        return tuple(EntryPoint(name, value, group) for name, value in points)

    monkeypatch.setattr(registry, "entry_points", found)


def test_what_is_installed_is_found() -> None:
    assert registry.architecture("linear") is ARCHITECTURE
    assert registry.trainer("ridge") is TRAINER
    assert "ridge" in registry.trainer_names()
    assert list(registry.architecture_names()) == sorted(registry.architecture_names())


@pytest.mark.parametrize("name", registry.architecture_names())
def test_an_architecture_is_registered_under_its_own_name(name: str) -> None:
    assert registry.architecture(name).name == name


@pytest.mark.parametrize("name", registry.trainer_names())
def test_a_trainer_is_registered_under_its_own_name(name: str) -> None:
    plugin = registry.trainer(name)
    assert plugin.name == name
    assert registry.architecture(plugin.architecture_of(plugin.settings()))


def test_an_unknown_name_lists_the_known_and_the_nearest() -> None:
    with pytest.raises(ModelError) as model:
        registry.architecture("tranformer")
    assert str(model.value) == (
        "unknown architecture 'tranformer'; did you mean 'transformer'? known: "
        "amn, gru, linear, logit_residual, lstm, transformer"
    )
    with pytest.raises(UsageError, match=r"^unknown trainer 'zzz'; known: "):
        registry.trainer("zzz")


def test_a_broken_plug_in_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, ("own", "no_such_module:PLUGIN"), ("odd", "trainers.recipes.ridge:NOTHING"))
    with pytest.raises(ModelError, match=r"architecture plug-in 'own' \(no_such_module:PLUGIN\) cannot be"):
        registry.architecture("own")
    with pytest.raises(UsageError, match=r"trainer plug-in 'odd' .* cannot be loaded: AttributeError"):
        registry.trainer("odd")


def test_a_name_registered_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, ("linear", LINEAR), ("linear", "other.package:LINEAR"))
    with pytest.raises(ModelError, match=r"registered more than once: other\.package:LINEAR, trainers"):
        registry.architecture("linear")


def test_an_installation_under_the_former_name_is_named_with_what_removes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("gatekeeper", "trainers.old:P6"), ("gatekeeper_5cat", "trainers.recipes.mse:P6")):
        folder = tmp_path / f"{name}-0.1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1\n"
        )
        (folder / "entry_points.txt").write_text(f"[gatekeeper.trainers]\np6 = {value}\n")
    points = [point for found in distributions(path=[str(tmp_path)]) for point in found.entry_points]
    monkeypatch.setattr(registry, "entry_points", lambda *, group: points)
    line = (
        "registered by an old installation too: this project was called gatekeeper and is gatekeeper-5cat "
        "now; pip uninstall gatekeeper, then install gatekeeper-5cat again"
    )
    with pytest.raises(UsageError) as found:
        registry.trainer("p6")
    assert str(found.value) == f"trainer 'p6' is {line}"
    assert registry.listed(registry.TRAINERS)[0].summary == line


def test_one_plug_in_listed_by_two_installations_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    # An editable install beside its own build folder lists the very same entry point twice.
    install(monkeypatch, ("linear", LINEAR), ("linear", LINEAR))
    assert registry.architecture("linear") is ARCHITECTURE
    assert registry.architecture_names() == ("linear",)


def test_a_plug_in_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, ("own", RIDGE), ("odd", LINEAR))
    with pytest.raises(ModelError, match=r"must be a trainers.contracts.Architecture; found Ridge"):
        registry.architecture("own")
    with pytest.raises(UsageError, match=r"trainer plug-in 'odd' lacks 'default_horizon'"):
        registry.trainer("odd")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        # An exit code of 0 would tell a pipeline that the model may be deployed.
        ("import sys\nsys.exit(0)\n", r"cannot be loaded: SystemExit: 0$"),
        ("raise BaseException('skipped')\n", r"cannot be loaded: BaseException: skipped$"),
        ("raise RuntimeError('first\\nsecond')\n", r"cannot be loaded: RuntimeError: first$"),
        ("raise ValueError\n", r"cannot be loaded: ValueError: ValueError$"),
    ],
)
def test_a_plug_in_that_exits_or_rambles_ends_in_one_line(
    text: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"plugin_{zlib.crc32(text.encode())}"
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    install(monkeypatch, ("own", f"{name}:PLUGIN"))
    with pytest.raises(ModelError, match=reason):
        registry.architecture("own")
    with pytest.raises(UsageError, match=reason):
        registry.trainer("own")


def test_a_name_is_shown_as_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, ("red\x1b[31m", "nowhere:PLUGIN"), ("twice", "a\x1b:B"), ("twice", "c:D"))
    assert registry.trainer_names() == ("red\ufffd[31m", "twice")
    assert [(each.name, each.summary) for each in registry.listed(registry.TRAINERS)] == [
        ("red\ufffd[31m", None),
        ("twice", "registered more than once: a\ufffd:B, c:D; uninstall all but one"),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[gatekeeper.trainers]\nname-alone\n", "TypeError: .*"),
        (b"[gatekeeper.trainers]\nb\xffd = x:y\n", "UnicodeDecodeError: .*"),
    ],
)
def test_a_package_whose_plug_ins_cannot_be_read_is_named(
    content: bytes, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "foreign-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_bytes(content)
    monkeypatch.syspath_prepend(str(tmp_path))
    message = (
        rf"^plug-ins cannot be listed: the package foreign has a broken entry_points\.txt \({reason}\); "
        "install it again or uninstall it$"
    )
    for ask in (
        registry.trainer_names,
        lambda: registry.trainer("ridge"),
        lambda: registry.listed(registry.TRAINERS),
    ):
        with pytest.raises(UsageError, match=message):
            ask()
    with pytest.raises(ModelError, match=message):
        registry.architecture("linear")


WHOLE = """from __future__ import annotations
import dataclasses
@dataclasses.dataclass(frozen=True)
class Knobs:
    steps: int = dataclasses.field(default=1, metadata={"help": "Steps."})
class Own:
    name, summary, default_horizon, settings = "own", "Own.", 1, Knobs
    architecture_of = check = fit = print
PLUGIN = Own()
"""


@pytest.mark.parametrize(
    ("written", "instead", "reason"),
    [
        ("1, Knobs", "1, 5", "has settings that are no dataclass"),
        ("1, Knobs", "1, str", "has settings that are no dataclass"),
        ("1, Knobs", "1, Knobs()", "has settings that are no dataclass"),
        ('{"help": "Steps."}', "{}", "has no line of help for its setting 'steps'"),
        (": int", ": Missing", "has settings whose types cannot be told: NameError: name 'Missing' is not"),
        (
            "= print",
            "= property(lambda own: 1 / 0)",
            "cannot tell its 'architecture_of': ZeroDivisionError: ",
        ),
    ],
)
def test_a_trainer_whose_flags_cannot_be_made_is_refused(
    written: str, instead: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    for number, (source, refused) in enumerate(((WHOLE, False), (WHOLE.replace(written, instead), True))):
        name = f"own_{zlib.crc32((written + instead).encode())}_{number}"
        (tmp_path / f"{name}.py").write_text(source)
        install(monkeypatch, ("own", f"{name}:PLUGIN"))
        if refused:
            with pytest.raises(UsageError, match=rf"^trainer plug-in 'own' {reason}"):
                registry.trainer("own")
        else:
            assert registry.trainer("own").summary == "Own."
