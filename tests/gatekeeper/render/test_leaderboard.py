"""Several models, best first, each under the shortest name that tells it apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.render.fitting import WIDTH, columns
from gatekeeper.render.leaderboard import render_leaderboard, shortest_names
from tests.gatekeeper.render.rulings import MARGIN, make_evidence
from tests.gatekeeper.render.test_verdict import report_of


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["best.pt"], ["best.pt"]),
        (["runs/a/best.pt", "runs/b/best.pt"], ["a/best.pt", "b/best.pt"]),
        (["runs/a/x/best.pt", "runs/b/x/best.pt"], ["a/x/best.pt", "b/x/best.pt"]),
        (["a/best.pt", "best.pt"], ["a/best.pt", "best.pt"]),
        (["runs/a/best.pt", "control:ridge", "runs/a/last.pt"], ["best.pt", "control:ridge", "last.pt"]),
        (["/x/best.pt", "x/best.pt"], ["/x/best.pt", "x/best.pt"]),
    ],
)
def test_a_name_is_cut_from_the_left_to_what_differs(names: list[str], short: list[str]) -> None:
    assert list(shortest_names(names).values()) == short


@given(st.lists(st.from_regex(r"([ab]/){0,4}[ab]", fullmatch=True), unique=True, min_size=1, max_size=8))
def test_short_names_stay_apart(names: list[str]) -> None:
    found = shortest_names(names)
    assert len(set(found.values())) == len(names)
    assert all(name.endswith(short) for name, short in found.items())


def test_a_board_is_told_to_the_letter() -> None:
    good, bad = report_of(make_evidence()), report_of(make_evidence({(MARGIN, "ood"): -0.3}))
    assert render_leaderboard([("runs/a/best.pt", bad), ("runs/b/best.pt", good)]).split("\n") == [
        "on ood, best first; finds: of unseen targets, among five; bits: known",
        "model      verdict     gates  margin  finds  bits   what it does",
        "b/best.pt  DEPLOYABLE  5/5    0.150   98%    2.50   sound",
        "a/best.pt  BLOCKED     4/5    -0.300  98%    2.50   falls short",
    ]


def test_a_board_of_markdown_holds_no_markup_of_others() -> None:
    board = render_leaderboard([("<b>|x", report_of(make_evidence()))], markdown=True)
    assert "| &lt;b&gt;\\|x |" in board


def test_a_board_fits_a_terminal_whatever_the_names() -> None:
    report = report_of(make_evidence({(MARGIN, "ood"): -0.3}))
    board = render_leaderboard([(name * 40, report) for name in ("a", "模", "runs/b/")])
    assert max(map(columns, board.split("\n"))) <= WIDTH
