"""The line of the policy file that an annotation points at: that of its check's table, or none."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatekeeper.deployment.verify import Ruling
from gatekeeper.render.ci.github import policy_lines, render_annotations
from schemas.reading.policy import load_policy, parse_policy
from schemas.records.policy import CHAMPION, control_of
from tests.gatekeeper.render.ci.runner import commands
from tests.gatekeeper.render.rulings import (
    CHAMPION_RULES,
    CHECKS,
    DELTA,
    HEAD,
    MARGIN,
    POLICY,
    RECALL,
    REVERSE,
    ROLLOUT,
    WAIVERS,
    WEAK,
    make_evidence,
    make_policy,
    make_ruling,
)

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
        lines = (*policy.checks, *(rule.as_check() for rule in policy.controls))
        assert set(found) == {(one.gate, one.metric, split) for one in lines for split in one.splits}
        for (gate, metric, _), line in found.items():
            table = text.split("\n")[line - 1 : line + 2]
            control = control_of(gate)
            head = (
                ["[[check]]", f'gate = "{gate}"']
                if control is None
                else ["[[control]]", f'name = "{control}"']
            )
            assert table == [*head, f'metric = "{metric}"']


@pytest.mark.parametrize(
    "name", ["a,line=1.toml", "a:b.toml", "50%2C.toml", "two\nlines.toml", "cr\r.toml", " .toml"]
)
def test_a_file_name_cannot_change_the_command(name: str, tmp_path: Path) -> None:
    assert pointed(POLICY, tmp_path, name=name) == expected(POLICY)
