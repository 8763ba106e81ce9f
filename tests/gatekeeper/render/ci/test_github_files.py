"""A decision as a job's outputs and as its step summary, within the limit of one."""

from pathlib import Path

import pytest

from gatekeeper.render.ci.github import SUMMARY_LIMIT, truncated, write_github_files
from schemas.errors import OutputError
from tests.gatekeeper.render.ci.runner import github_files


@pytest.mark.parametrize(
    ("outcome", "deployable"), [("deployable", "true"), ("blocked", "false"), ("error", "false")]
)
def test_the_outputs_are_exactly_verdict_and_deployable(
    outcome: str, deployable: str, tmp_path: Path
) -> None:
    write_github_files(outcome, "## text", github_files(tmp_path))
    assert (tmp_path / "output").read_bytes() == f"verdict={outcome}\ndeployable={deployable}\n".encode()
    assert (tmp_path / "summary").read_bytes() == b"## text\n"


def test_what_other_steps_wrote_stays(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("mine=1\n")
    (tmp_path / "summary").write_text("# Mine\n")
    write_github_files("blocked", "one", github_files(tmp_path))
    write_github_files("deployable", "two", github_files(tmp_path))
    assert (tmp_path / "output").read_text() == (
        "mine=1\nverdict=blocked\ndeployable=false\nverdict=deployable\ndeployable=true\n"
    )
    assert (tmp_path / "summary").read_text() == "# Mine\none\ntwo\n"


@pytest.mark.parametrize("environment", [{}, {"GITHUB_OUTPUT": "", "GITHUB_STEP_SUMMARY": ""}])
def test_nothing_is_written_where_github_does_not_ask(environment: dict[str, str], tmp_path: Path) -> None:
    write_github_files("deployable", "text", environment)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
@pytest.mark.parametrize("place", [".", "missing/file", "file/below"])
def test_a_file_that_cannot_be_written_is_an_output_error(name: str, place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write .*: "):
        write_github_files("deployable", "text", {**github_files(tmp_path), name: str(tmp_path / place)})


@pytest.mark.parametrize("character", ["a", "é", "€", "😀"])
@pytest.mark.parametrize("shift", range(4))
def test_a_summary_is_cut_between_characters_and_as_late_as_it_can(character: str, shift: int) -> None:
    text = "x" * shift + character * (SUMMARY_LIMIT + 1)
    cut = truncated(text)
    data = cut.encode()
    assert SUMMARY_LIMIT - len(character.encode()) < len(data) <= SUMMARY_LIMIT
    kept, note = cut[: cut.index("\n\n(")], cut[cut.index("\n\n(") :]
    assert text.startswith(kept)
    assert note == "\n\n(cut here: GitHub shows 1 MiB at most)\n"


@pytest.mark.parametrize("character", ["a", "é", "😀"])
def test_a_summary_of_just_the_limit_is_whole_and_one_byte_more_is_not(character: str) -> None:
    assert SUMMARY_LIMIT == 1024 * 1024
    text = character * (SUMMARY_LIMIT // len(character.encode()))
    assert len(text.encode()) == SUMMARY_LIMIT
    assert truncated(text) == text
    assert len(truncated(text + "x").encode()) <= SUMMARY_LIMIT
    assert truncated(text + "x") != text + "x"


def test_a_summary_file_holds_at_most_the_limit(tmp_path: Path) -> None:
    write_github_files("blocked", "€" * SUMMARY_LIMIT, github_files(tmp_path))
    data = (tmp_path / "summary").read_bytes()
    assert SUMMARY_LIMIT - 3 < len(data) <= SUMMARY_LIMIT
    data.decode()
