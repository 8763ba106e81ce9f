"""A decision for people: literally, with everything a reader must see, and inert as markdown."""

import functools
import html
import itertools
import re

import pytest

from gatekeeper.deployment.verify import Ruling
from gatekeeper.render.decision import facts, render_decision, render_decision_markdown
from gatekeeper.render.markdown import escape
from gatekeeper.render.reasons import findings
from schemas.reading.strict_json import loads
from schemas.records.evidence import CONTROLS
from tests.gatekeeper.render.rulings import (
    CASES,
    FORMS,
    MARGIN,
    POLICY,
    REVERSE,
    champion_evidence,
    golden,
    make_evidence,
    make_policy,
    make_ruling,
)


def plain(markdown: str) -> str:
    """The words a reader sees: escapes undone in the order in which markdown does it."""
    return html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown))


def seen(markdown: str) -> str:
    """The same without what is invisible."""
    return plain(markdown).replace("\u200b", "")


def live(markdown: str) -> str:
    """Only the marks that markdown acts on: escaped ones, entities and broken mentions are gone."""
    return re.sub(r"\\[!-/:-@\[-`{-~]|&[a-z]+;|@\u200b|(?<=r)@(?=[0-9])", "", markdown)


@pytest.mark.parametrize("form", ["txt", "md"])
@pytest.mark.parametrize("case", CASES)
def test_a_fixed_decision_is_written_literally(case: str, form: str) -> None:
    assert FORMS[form](CASES[case]()) == golden(case, form)


@pytest.mark.parametrize(
    ("case", "outcome"),
    [
        ("deployable", "DEPLOYABLE"),
        ("watched", "DEPLOYABLE"),
        ("blocked", "BLOCKED"),
        ("regressed", "BLOCKED"),
        ("unsound", "ERROR"),
    ],
)
def test_the_outcome_is_the_first_thing_in_markdown_and_a_line_of_its_own_in_a_terminal(
    case: str, outcome: str
) -> None:
    ruling = CASES[case]()
    assert render_decision_markdown(ruling).split("\n")[0] == f"## {outcome}: best\\_model.pt"
    lines = render_decision(ruling).split("\n")
    assert [line for line in lines if re.match("(DEPLOYABLE|BLOCKED|ERROR): ", line)] == [
        line for line in lines if line.startswith(f"{outcome}: ")
    ]


@pytest.mark.parametrize("form", ["txt", "md", "xml", "github", "json"])
def test_a_waiver_shows_owner_reason_and_date_in_every_form(form: str) -> None:
    text = FORMS[form](CASES["watched"]())
    for word in ("Ana Example", "val holds dialogues", "2026-03-31"):
        assert word in text
    # Also the one that no longer counts: somebody must take it out.
    for word in ("Ben Example", "ood was small last year", "expired on 2025-12-31 and no longer counts"):
        assert word in text


def test_a_waived_check_and_a_warning_are_rows_of_their_own_kind() -> None:
    for form in ("simple", "github"):
        text = render_decision(CASES["watched"]()) if form == "simple" else golden("watched", "md")
        cells = [[cell for cell in re.split(r"\s{2,}|\s*\|\s*", line) if cell] for line in text.split("\n")]
        (waived,) = (row for row in cells if row[:3] == ["C", REVERSE, "val"])
        assert "WAIVED" in waived
        warned = [row for row in cells if "WARN" in row]
        assert [row[1] for row in warned] == ["rollout.avg_cos", "retrieval.article.r@5"]


def test_the_gain_over_the_champion_is_a_row_that_no_control_has() -> None:
    lines = render_decision(CASES["watched"]()).split("\n")
    rows = [line.split() for line in lines if line.startswith("gain  ")]
    assert rows == [
        ["gain", MARGIN, "ood", "0.010", "-", ">=", "-0.01", "PASS", *["-"] * len(CONTROLS)],
        ["gain", "retrieval.article.r@5", "ood", "-0.010", "-", ">=", "0.00", "WARN", *["-"] * len(CONTROLS)],
    ]


# What was verified.


def test_what_was_verified_is_told() -> None:
    assert facts(CASES["deployable"]().decision) == [
        "report 999999999999, made 2026-01-31T12:00:00Z, decided 2026-02-01T09:30:00Z",
        "policy seed-5cat (built-in, 555555555555)",
        "files not verified: gatekeeper runs from a checkout, and only a wheel brings their digests",
        "model aaaaaaaaaaaa is the one that was evaluated",
        "signed by the trusted key dddddddddddd",
    ]


def test_what_was_not_verified_is_told_last_and_how_to_have_it_verified() -> None:
    ruling = make_ruling(policy=make_policy(POLICY), model=False)
    assert facts(ruling.decision)[-2:] == [
        "not verified: no model file was given, so the report is bound to none; add --model FILE",
        "not verified: the policy has champion rules: add --champion REPORT, or --first if there is none yet",
    ]
    assert "signed" not in render_decision(ruling)


def test_a_champion_is_told_by_the_digest_of_its_report() -> None:
    assert "compared with the champion's report 777777777777" in facts(CASES["watched"]().decision)


@pytest.mark.parametrize("case", CASES)
def test_every_form_tells_every_reason_warning_waiver_and_remark(case: str) -> None:
    ruling = CASES[case]()
    judgement = ruling.decision.judgement
    verdict = judgement.verdict
    told = (
        *findings(judgement),
        judgement.diagnosis.sentence,
        *verdict.warnings,
        *verdict.waivers,
        *verdict.remarks,
    )
    for line in told:
        assert f"  - {line}\n" in render_decision(ruling) + "\n"
        assert f"- {line}\n" in plain(render_decision_markdown(ruling)) + "\n"
    value = loads(FORMS["json"](ruling))
    assert isinstance(value, dict)
    assert value["judgement"]["verdict"]["reasons"] == list(verdict.reasons)
    assert value["judgement"]["verdict"]["waivers"] == list(verdict.waivers)


# Markdown that somebody else wrote.

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</details><script>",
    "<!-- gone",
    "[approved](javascript:x)",
    "![badge](x)",
    "[ref]: x",
    "`code` ``",
    "**bold** __bold__ *i* _i_",
    "~~struck~~ ~~~",
    "a | b || c",
    "# heading #",
    "fixes #1 and GH!2",
    "mail a@b.example, ask @user and @org/team",
    "\\<b> \\`x\\` \\\\ \\",
    "&lt;b&gt; &commat;user",
]


@functools.cache
def hostile_ruling(text: str) -> Ruling:
    """With the text as model, policy file, owner and reason of a waiver, and reason of a metric."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    policy = POLICY.replace("Ana Example", quoted).replace("val holds dialogues", quoted)
    policy = policy.replace('name = "render"', f'name = "{quoted}"')
    return make_ruling(
        make_evidence({(REVERSE, "val"): -0.05}, undefined={(MARGIN, "ood"): text}),
        policy=make_policy(policy, source=text),
        champion=champion_evidence(),
        spec=text,
    )


def told(markdown: str) -> str:
    """All but the table, which holds no text of others."""
    head, _, table = markdown.partition("<details><summary>All checks</summary>")
    assert table.endswith("\n\n</details>")
    return head


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_of_others_is_shown_as_it_is_written(text: str) -> None:
    found = told(render_decision_markdown(hostile_ruling(text)))
    if "&" not in text:
        assert seen(found).count(text) >= 6
    assert f": {escape(text)}\n" in found
    assert found.startswith("## BLOCKED: ")


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_of_others_does_nothing(text: str) -> None:
    found = live(told(render_decision_markdown(hostile_ruling(text))))
    assert found.startswith("## BLOCKED: ")
    rest = found.removeprefix("## ")
    assert not set(rest) & set("<>@[]|`*_~#!\\")


@pytest.mark.parametrize("text", HOSTILE)
def test_the_table_keeps_its_columns_and_the_fold_its_end(text: str) -> None:
    markdown = render_decision_markdown(hostile_ruling(text))
    assert len(re.findall("(?<!\\\\)<details>", markdown)) == 1
    assert markdown.count("</details>") == 1
    rows = [line for line in markdown.split("\n") if line.startswith("|")]
    assert len(rows) > 20
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {8 + len(CONTROLS)}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_terminal_shows_the_text_as_it_is(text: str) -> None:
    assert render_decision(hostile_ruling(text)).startswith(f"{text} (gru, ")


def test_a_plain_name_stays_readable() -> None:
    assert escape("best-model (epoch 7), 0.5 >= 0.4: it's fine / 100%") == (
        "best-model (epoch 7), 0.5 &gt;= 0.4: it's fine / 100%"
    )


# GitHub looks for mentions and addresses in the text after escapes and entities were undone.


@pytest.mark.parametrize("name", ["@user", "@org/team"])
def test_a_mention_calls_nobody(name: str) -> None:
    assert not re.search(r"(?<!\w)@\w", plain(escape(f"ask {name}")))


@pytest.mark.parametrize("address", ["https://evil.example/x", "http://evil.example", "www.evil.example"])
def test_an_address_is_no_link(address: str) -> None:
    assert not re.search(r"(https?://|www\.)\w", plain(escape(f"see {address}")))


@pytest.mark.parametrize("case", ["blocked", "watched"])
def test_a_title_after_a_list_is_no_part_of_it(case: str) -> None:
    lines = render_decision_markdown(CASES[case]()).split("\n")
    for before, line in itertools.pairwise(lines):
        assert not (before.startswith("- ") and line and not line.startswith("- ")), line
