"""Where reports go: beside the model, and never where something would be lost."""

from pathlib import Path

import pytest

from gatekeeper.cli.eval_outputs import check_targets, default_report
from gatekeeper.config.record import Config
from gatekeeper.config.sections import EvalConfig
from schemas.errors import OutputError, UsageError


def reporting(to: str | None) -> Config:
    return Config(eval=EvalConfig(report=None if to is None else Path(to)))


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two models of one name, one in a folder of its own, and one of another kind."""
    monkeypatch.chdir(tmp_path)
    Path("deep").mkdir()
    for name in ("a.pt", "a.onnx", "deep/a.pt"):
        Path(name).touch()


@pytest.mark.parametrize(
    ("spec", "report"),
    [
        ("a.pt", Path("a.report.json")),
        ("deep/a.pt", Path("deep/a.report.json")),
        ("control:ridge", None),
        ("package.module:factory", None),
        ("missing.pt", None),
    ],
)
def test_a_report_lies_beside_the_file_of_its_model(spec: str, report: Path | None) -> None:
    assert default_report(spec) == report


@pytest.mark.parametrize(
    ("given", "to", "page"),
    [
        (("a.pt",), None, None),
        (("a.pt",), "deep/other.json", "page.html"),
        (("a.pt", "deep/a.pt"), None, None),
        (("control:ridge",), None, "page.html"),
    ],
)
def test_what_can_be_written_is_let_pass(given: tuple[str, ...], to: str | None, page: str | None) -> None:
    check_targets(given, reporting(to), None if page is None else Path(page))
    assert not list(Path().rglob("*.json"))


@pytest.mark.parametrize(
    ("given", "to", "page", "message"),
    [
        (
            ("a.pt", "deep/a.pt"), "r.json", None,
            "--report names one file, found 2 models; leave it out and each model gets its own",
        ),
        (
            ("a.pt", "deep/a.pt"), None, "p.html",
            "--html names one file, found 2 models; write the pages with gatekeeper report",
        ),
        (
            ("a.pt", "a.onnx"), None, None,
            "several models would write a.report.json; evaluate them one by one with --report",
        ),
        (
            ("a.pt",), "r\n.json", None,
            "a report holds the names of its files, and 'r\\n.json' is no text on one line; rename it",
        ),
        (
            ("a.pt",), "a.pt", None,
            "the report a.pt would overwrite another file of this command, a.pt; name another",
        ),
        (
            ("a.pt",), "r.html", "r.html",
            "the report r.html would overwrite another file of this command, r.html; name another",
        ),
    ],
)  # fmt: skip
def test_requests_that_lose_something_are_refused(
    given: tuple[str, ...], to: str | None, page: str | None, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check_targets(given, reporting(to), None if page is None else Path(page))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("deep", "the report deep exists and is no regular file; name another"),
        ("none/r.json", "the report's folder none does not exist or cannot be written"),
    ],
)
def test_places_where_nothing_can_be_written_are_told_before_the_work(to: str, message: str) -> None:
    with pytest.raises(OutputError) as caught:
        check_targets(("a.pt",), reporting(to), None)
    assert str(caught.value) == message


def test_a_signature_is_an_output_only_where_there_is_a_key() -> None:
    Path("key.pem").touch()
    Path("r.dsse.json").mkdir()
    check_targets(("a.pt",), reporting("r.json"), None)
    with pytest.raises((OutputError, UsageError), match=r"r\.dsse\.json"):
        check_targets(("a.pt",), reporting("r.json"), None, "key.pem")
