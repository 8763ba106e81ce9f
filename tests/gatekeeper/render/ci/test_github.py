"""A decision as GitHub's runner reads it: annotations on lines, outputs, a summary within the limit."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click.testing
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatekeeper.cli.app import cli
from gatekeeper.deployment.verify import Ruling
from gatekeeper.render.ci.github import (
    SUMMARY_LIMIT,
    policy_lines,
    render_annotations,
    render_error_annotation,
    truncated,
    write_github_files,
)
from schemas.errors import OutputError
from schemas.reading.policy import load_policy, parse_policy
from schemas.reading.report import write_report
from schemas.records.policy import CHAMPION
from schemas.records.report import Report
from tests.gatekeeper.render.rulings import (
    CASES,
    CHAMPION_RULES,
    CHECKS,
    DELTA,
    FORMS,
    HEAD,
    MARGIN,
    POLICY,
    RECALL,
    REVERSE,
    ROLLOUT,
    WAIVERS,
    golden,
    make_evidence,
    make_policy,
    make_report,
    make_ruling,
)

WEAK = {
    (MARGIN, "val"): 0.01,
    (MARGIN, "ood"): 0.01,
    (REVERSE, "val"): 0.0,
    (ROLLOUT, "ood"): 0.1,
    (DELTA, "val-ood"): 0.5,
    (RECALL, "ood"): 0.2,
}
"""Passes no check of the policy, and no rule against a champion."""

PLACES = (
    ("offset_sweep", MARGIN, "val"),
    ("offset_sweep", MARGIN, "ood"),
    ("ablations", REVERSE, "val"),
    ("rollout", ROLLOUT, "ood"),
    ("bins_delta", DELTA, "val-ood"),
    (CHAMPION, MARGIN, "ood"),
    (CHAMPION, RECALL, "ood"),
)
"""The checks of the policy in its order."""

TABLES = (
    ("check", 0),
    ("check", 0),
    ("check", 1),
    ("check", 2),
    ("check", 3),
    ("champion", 0),
    ("champion", 1),
)
"""Of each place: the table it is written in."""


@dataclass(frozen=True)
class Command:
    """A workflow command as the runner decodes it."""

    name: str
    properties: dict[str, str]
    message: str


def decode(line: str) -> Command | None:
    """What the runner makes of a line of output; after ``ActionCommand.TryParseV2`` of actions/runner."""
    found = re.match(r"\s*::([a-z-]+)(?: ([^\n]*?))?::(.*)\Z", line, re.DOTALL)
    if found is None:
        return None
    properties = dict(pair.split("=", 1) for pair in (found[2] or "").split(",") if pair)
    return Command(
        found[1],
        {
            key: _undone(value, ("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
            for key, value in properties.items()
        },
        _undone(found[3], ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")),
    )


def _undone(text: str, *escapes: tuple[str, str]) -> str:
    for token, meant in escapes:
        text = text.replace(token, meant)
    return text


def commands(text: str) -> list[Command]:
    found = [decode(line) for line in text.split("\n")]
    assert None not in found
    return [each for each in found if each is not None]


def ruling_on(text: str, source: str = "policy.toml") -> Ruling:
    """The weak model under a policy text."""
    return make_ruling(make_evidence(WEAK), policy=make_policy(text, source), champion=make_evidence())


def pointed(text: str, folder: Path, *, name: str = "policy.toml") -> dict[tuple[str, str], int | None]:
    """(title, message begins with a gain) -> the line of the annotation of each check, written to a file."""
    path = folder / name
    path.write_bytes(text.encode())
    found: dict[tuple[str, str], int | None] = {}
    checked = [
        one
        for one in commands(render_annotations(ruling_on(text), path))
        if " on " in one.properties["title"]
    ]
    for one in checked:
        assert ("file" in one.properties) == ("line" in one.properties)
        assert one.properties.get("file", str(path)) == str(path)
        kind = CHAMPION if "the gain of" in one.message else "check"
        line = one.properties.get("line")
        found[kind, one.properties["title"]] = None if line is None else int(line)
    return found


def places() -> list[tuple[str, str]]:
    return [
        (CHAMPION if gate == CHAMPION else "check", f"{metric} on {split}") for gate, metric, split in PLACES
    ]


def headers(text: str) -> list[int]:
    """The lines that begin a table, as GitHub counts them."""
    written = [line.rstrip("\r").strip() for line in text.split("\n")]
    numbers = {
        name: [number for number, line in enumerate(written, start=1) if line.startswith(f"[[{name}]]")]
        for name in ("check", "champion")
    }
    return [numbers[name][index] for name, index in TABLES]


def expected(text: str) -> dict[tuple[str, str], int | None]:
    return dict(zip(places(), headers(text), strict=True))


# Annotations.


@pytest.mark.parametrize("case", CASES)
def test_a_fixed_decision_is_written_literally(case: str) -> None:
    assert FORMS["github"](CASES[case]()) == golden(case, "github")


def test_the_verdict_comes_first_because_only_ten_of_a_kind_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY)
    for case, level, title in (
        ("deployable", "notice", "gatekeeper: DEPLOYABLE"),
        ("blocked", "error", "gatekeeper: BLOCKED"),
        ("unsound", "error", "gatekeeper: ERROR"),
    ):
        first = commands(render_annotations(CASES[case](), path))[0]
        assert (first.name, first.properties) == (level, {"title": title})


def test_a_check_that_stops_the_model_is_an_error_and_any_other_a_warning() -> None:
    found = {one.properties["title"]: one for one in commands(render_annotations(CASES["watched"](), None))}
    assert {one.name for one in found.values()} == {"notice", "warning"}
    assert found[f"{REVERSE} on val"].message.startswith("waived: ablations.reverse on val is -0.050")
    failed = commands(render_annotations(CASES["blocked"](), None))
    assert [one.name for one in failed] == ["error", "error", "error"]
    assert {one.name for one in commands(render_annotations(CASES["regressed"](), None))[:2]} == {"error"}


def test_a_gate_beyond_those_needed_is_a_warning_where_the_model_is_deployable() -> None:
    found = commands(render_annotations(make_ruling(make_evidence({(ROLLOUT, "val"): 0.4})), None))
    assert [(one.name, one.properties["title"]) for one in found] == [
        ("notice", "gatekeeper: DEPLOYABLE"),
        ("warning", f"{ROLLOUT} on val"),
    ]


def test_a_waiver_is_a_warning_with_owner_reason_and_date() -> None:
    told = [
        one.message
        for one in commands(render_annotations(CASES["watched"](), None))
        if one.properties["title"] == "waiver"
    ]
    assert len(told) == 2
    assert all(word in told[0] for word in ("Ana Example", "val holds dialogues", "2026-03-31"))
    assert all(
        word in told[1] for word in ("Ben Example", "ood was small last year", "2025-12-31", "expired")
    )


def test_a_check_that_passes_is_no_annotation() -> None:
    found = commands(render_annotations(CASES["blocked"](), None))
    assert [one.properties["title"] for one in found[1:]] == [f"{MARGIN} on val", f"{RECALL} on val"]


def test_a_built_in_policy_has_no_lines_to_point_at() -> None:
    for one in commands(render_annotations(CASES["blocked"](), None)):
        assert set(one.properties) == {"title"}


def test_a_message_and_a_title_come_back_as_they_were() -> None:
    reason = "100%0A of, it: lost :: and %25 so on, file=x"
    ruling = make_ruling(make_evidence(undefined={(MARGIN, "val"): reason}))
    found = commands(render_annotations(ruling, None))
    assert found[1].message == f"offset_sweep.margin on val is undefined: {reason}"
    assert found[0].message.startswith(f"{found[1].message}; The model does not pass ")
    assert found[1].properties == {"title": f"{MARGIN} on val"}


@pytest.mark.parametrize(
    "name", ["a,line=1.toml", "a:b.toml", "50%2C.toml", "two\nlines.toml", "cr\r.toml", " .toml"]
)
def test_a_file_name_cannot_change_the_command(name: str, tmp_path: Path) -> None:
    assert pointed(POLICY, tmp_path, name=name) == expected(POLICY)


@given(st.text(st.sampled_from("%:,\r\n =0ADaC25é\u2028"), max_size=20))
def test_an_error_comes_back_as_it_was(message: str) -> None:
    line = render_error_annotation(message)
    assert "\n" not in line
    assert "\r" not in line
    assert decode(line) == Command("error", {"title": "gatekeeper: ERROR"}, message)


# Lines of the policy.


def test_annotations_point_at_the_table_of_their_check(tmp_path: Path) -> None:
    assert pointed(POLICY, tmp_path) == expected(POLICY)
    assert expected(POLICY)["check", f"{MARGIN} on val"] == 9


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[[check]]", "# [[check]] is a comment\n\n\n[[check]] # [[check]] again"),
        ("[[check]]", "  [[ check ]]\t# indented"),
        ("[[check]]", '[["check"]]'),
        ("[[check]]", "[['check']]"),
        ("[[champion]]", '\n\n[[ "champion" ]]  # [[champion]]'),
        ("min = 0.05", "min = 0.05 # not [[check]]\n# [[check]]\n#[[champion]]"),
        ('description = "Every kind of line"', 'description = "[[check]] and [[champion]]"'),
        ('splits = ["val", "ood"]', 'splits = [\n  "val", # one\n\n  "ood",\n]'),
    ],
)
def test_comments_blank_lines_and_spellings_do_not_move_a_line(
    before: str, after: str, tmp_path: Path
) -> None:
    text = POLICY.replace(before, after)
    assert text != POLICY
    plain = re.sub(r"\[\[\s*[\"']?(check|champion)[\"']?\s*\]\]", r"[[\1]]", text)
    assert pointed(text, tmp_path) == expected(plain)


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_line_ends_do_not_move_a_line(end: str, tmp_path: Path) -> None:
    assert pointed(POLICY.replace("\n", end), tmp_path) == expected(POLICY)


def test_tables_in_another_order_keep_their_lines(tmp_path: Path) -> None:
    text = HEAD + WAIVERS + CHAMPION_RULES + CHECKS
    assert pointed(text, tmp_path) == expected(text)


_FILLER = st.lists(st.sampled_from(["", "  ", "# note", "# [[check]]", "\t# é [[champion]]"]), max_size=4)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), end=st.sampled_from(["\n", "\r\n"]))
def test_a_line_is_right_whatever_stands_between_the_lines(
    data: st.DataObject, end: str, tmp_path: Path
) -> None:
    lines = [more for line in POLICY.splitlines() for more in (*data.draw(_FILLER), line)]
    text = end.join(lines)
    path = tmp_path / "policy.toml"
    path.write_bytes(text.encode())
    found = policy_lines(path.read_text(encoding="utf-8"), parse_policy(text.encode()))
    assert found == dict(zip(PLACES, headers(text), strict=True))


INLINE = HEAD + (
    "\ncheck = [\n"
    '  {gate = "offset_sweep", metric = "offset_sweep.margin", splits = ["val", "ood"], min = 0.05},\n'
    '  {gate = "ablations", metric = "ablations.reverse", splits = ["val"], max = -0.10},\n'
    '  {gate = "rollout", metric = "rollout.avg_cos", splits = ["ood"], min = 0.45, severity = "warn"},\n'
    '  {gate = "bins_delta", metric = "bins_delta.delta", splits = ["val-ood"], max = 0.05},\n'
    "]\n"
)


def test_checks_of_an_inline_array_have_no_line_and_the_champion_rules_keep_theirs(tmp_path: Path) -> None:
    text = INLINE + CHAMPION_RULES
    found = pointed(text, tmp_path)
    for kind, title in places():
        assert (found[kind, title] is None) == (kind == "check")
    lines = text.split("\n")
    line = found[CHAMPION, f"{MARGIN} on ood"]
    assert line is not None
    assert lines[line - 1] == "[[champion]]"


@pytest.mark.parametrize("quote", ['"""', "'''"])
def test_a_header_inside_a_text_of_several_lines_means_no_line_rather_than_a_wrong_one(
    quote: str, tmp_path: Path
) -> None:
    # Only a basic text can be continued without a line end, which a policy's texts may not hold.
    inside = (
        '"""\\\n[[check]] \\\n[[champion]] \\\n"""' if quote == '"""' else "'''[[check]] and [[champion]]'''"
    )
    text = POLICY.replace('"Every kind of line"', inside)
    found = pointed(text, tmp_path)
    if quote == '"""':
        assert set(found.values()) == {None}
    else:
        assert found == expected(text)


def test_a_header_inside_a_waivers_reason_means_no_line(tmp_path: Path) -> None:
    text = POLICY.replace('"val holds dialogues"', '"""\\\n  [[check]] \\\n"""')
    found = pointed(text, tmp_path)
    assert {line for (kind, _), line in found.items() if kind == "check"} == {None}
    assert {line for (kind, _), line in found.items() if kind == CHAMPION} == set(headers(text)[-2:])


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_only_line_feeds_are_counted(separator: str, tmp_path: Path) -> None:
    text = f"# one{separator}line\n{POLICY}"
    assert pointed(text, tmp_path) == expected(text)


def test_a_header_in_a_text_and_one_that_is_spelled_with_an_escape_do_not_make_up_for_each_other(
    tmp_path: Path,
) -> None:
    text = POLICY.replace('"Every kind of line"', '"""\\\n[[check]] \\\n"""')
    text = text.replace('[[check]]\ngate = "ablations"', '[["\\u0063heck"]]\ngate = "ablations"')
    for (kind, title), line in pointed(text, tmp_path).items():
        metric = title.partition(" on ")[0]
        assert line is None or f'"{metric}"' in "".join(text.split("\n")[line - 1 : line + 2]), (kind, title)


def test_a_policy_that_is_gone_since_it_was_read_means_no_lines(tmp_path: Path) -> None:
    gone, binary = tmp_path / "gone.toml", tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    for path in (gone, binary, tmp_path):
        for one in commands(render_annotations(ruling_on(POLICY), path)):
            assert set(one.properties) == {"title"}


def test_every_check_of_the_built_in_policies_has_a_line() -> None:
    root = Path(__file__).parents[4] / "schemas" / "policies"
    for path in root.glob("*.toml"):
        policy = load_policy(path).policy
        text = path.read_text(encoding="utf-8")
        found = policy_lines(text, policy)
        assert set(found) == {(one.gate, one.metric, split) for one in policy.checks for split in one.splits}
        for (gate, metric, _), line in found.items():
            table = text.split("\n")[line - 1 : line + 3]
            assert table[:3] == ["[[check]]", f'gate = "{gate}"', f'metric = "{metric}"']


# Outputs and summary.


def files(folder: Path) -> dict[str, str]:
    return {"GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary")}


@pytest.mark.parametrize(
    ("outcome", "deployable"), [("deployable", "true"), ("blocked", "false"), ("error", "false")]
)
def test_the_outputs_are_exactly_verdict_and_deployable(
    outcome: str, deployable: str, tmp_path: Path
) -> None:
    write_github_files(outcome, "## text", files(tmp_path))
    assert (tmp_path / "output").read_bytes() == f"verdict={outcome}\ndeployable={deployable}\n".encode()
    assert (tmp_path / "summary").read_bytes() == b"## text\n"


def test_what_other_steps_wrote_stays(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("mine=1\n")
    (tmp_path / "summary").write_text("# Mine\n")
    write_github_files("blocked", "one", files(tmp_path))
    write_github_files("deployable", "two", files(tmp_path))
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
        write_github_files("deployable", "text", {**files(tmp_path), name: str(tmp_path / place)})


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
    write_github_files("blocked", "€" * SUMMARY_LIMIT, files(tmp_path))
    data = (tmp_path / "summary").read_bytes()
    assert SUMMARY_LIMIT - 3 < len(data) <= SUMMARY_LIMIT
    data.decode()


# The command.


def check(report: Report, folder: Path, *arguments: str, environment: dict[str, str]) -> click.testing.Result:
    path = folder / "model.report.json"
    write_report(replace(report, created="2025-01-31T12:00:00Z"), path)
    return click.testing.CliRunner().invoke(
        cli,
        ["check", str(path), "--report-only", "--format", "github", *arguments],
        env={"GITHUB_OUTPUT": None, "GITHUB_STEP_SUMMARY": None, **environment},
        catch_exceptions=False,
    )


def test_the_command_annotates_the_lines_of_a_policy_file(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(HEAD + CHECKS)
    environment = files(tmp_path)
    result = check(
        make_report(make_evidence(WEAK)), tmp_path, "--policy", str(policy), environment=environment
    )
    assert result.exit_code == 1
    found = [one for one in map(decode, result.stdout.split("\n")) if one is not None]
    assert found[0].properties == {"title": "gatekeeper: BLOCKED"}
    assert found[1].properties == {"file": str(policy), "line": "9", "title": f"{MARGIN} on val"}
    assert (tmp_path / "output").read_text() == "verdict=blocked\ndeployable=false\n"
    assert (tmp_path / "summary").read_text().startswith("## BLOCKED: best\\_model.pt\n")


@pytest.mark.parametrize("name", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_a_deployable_model_is_stopped_where_the_outputs_cannot_be_written(name: str, tmp_path: Path) -> None:
    environment = {**files(tmp_path), name: str(tmp_path / "missing" / "file")}
    result = check(make_report(), tmp_path, environment=environment)
    assert result.exit_code == 3
    assert result.stderr.startswith("Error: cannot write ")
    if name == "GITHUB_STEP_SUMMARY":
        # Of two lines with one name GitHub takes the later.
        assert (tmp_path / "output").read_text().endswith("verdict=error\ndeployable=false\n")


def test_a_report_that_cannot_be_read_is_an_annotation_an_output_and_a_summary(tmp_path: Path) -> None:
    result = click.testing.CliRunner().invoke(
        cli,
        ["check", str(tmp_path / "gone.json"), "--report-only", "--format", "github"],
        env=files(tmp_path),
    )
    assert result.exit_code == 3
    (first,) = result.stdout.splitlines()
    found = decode(first)
    assert found is not None
    assert (found.name, found.properties) == ("error", {"title": "gatekeeper: ERROR"})
    assert found.message.startswith("cannot read report ")
    assert (tmp_path / "output").read_text() == "verdict=error\ndeployable=false\n"
    assert (tmp_path / "summary").read_text().startswith("## ERROR\n\ncannot read report ")


def obeyed(text: str) -> Sequence[str]:
    """The lines the runner would act on: ``::name`` at the beginning, or ``##[name`` anywhere.

    Between ``::stop-commands::TOKEN`` and ``::TOKEN::`` it acts on none.
    """
    found, token = [], None
    for line in text.split("\n"):
        stripped = line.strip()
        stop = re.match(r"::stop-commands::(\S+)\Z", stripped)
        if token is not None:
            token = None if stripped == f"::{token}::" else token
        elif stop is not None:
            token = stop[1]
        elif decode(line) is not None or re.search(r"##\[[a-z-]+", line):
            found.append(line)
    return found


COMMAND, OLD_COMMAND = "::set-output name=deployable::true", "x ##[set-output name=deployable;]true"


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("model", COMMAND),
        ("bank", COMMAND),
        ("reason", COMMAND),
        ("model", OLD_COMMAND),
        ("bank", OLD_COMMAND),
        ("reason", OLD_COMMAND),
    ],
)
def test_the_runner_obeys_nothing_that_a_report_says(place: str, text: str, tmp_path: Path) -> None:
    report = make_report(make_evidence(undefined={(MARGIN, "val"): text}) if place == "reason" else None)
    inputs = report.inputs
    if place == "model":
        report = replace(report, inputs=replace(inputs, model=replace(inputs.model, spec=text)))
    elif place == "bank":
        report = replace(report, inputs=replace(inputs, bank=replace(inputs.bank, source=text)))
    result = check(report, tmp_path, environment=files(tmp_path))
    assert result.exit_code in (0, 1)
    own = re.compile("::(notice|warning|error) title=")
    assert obeyed(result.stdout) == [line for line in result.stdout.split("\n") if own.match(line)]
