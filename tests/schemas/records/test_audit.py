"""What the record of an audit may hold, place by place."""

import pytest

from tests.schemas.documents import accepted


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        (("schema_version",), ["1.0", "1.999"], ["2.0", "1.", None]),
        (("created",), ["2026-02-28T00:00:00Z"], ["2026-02-28", None]),
        (("source",), ["", "x" * 2000], ["x" * 2001, "a\nb", None, 1]),
        (("bank_sha256",), ["b" * 64], ["b" * 63, "B" * 64, None, 1]),
        (("context",), [1, 7], [0, -1, 1.5, None, "1"]),
        (("horizon",), [1, 7], [0, -1, 1.5, None, "1"]),
        (("direction",), ["forward", "backward", "none"], ["sideways", None]),
        (("rows", 0, "holds"), [None, True, False], ["yes", 1]),
        (("rows", 0, "threshold"), ["", "x" * 2000], ["x" * 2001, "a\nb", None, 1]),
        (("rows", 0, "metric", "reason"), ["", "x" * 500], ["x" * 501, None]),
        (("frontier", "val", "points", 0, "alpha"), [-1e300, 0, 0.5], [None, "0", True]),
        (("frontier", "val", "constant_cos", "n"), [0, 7], [-1, 0.5, None, "1"]),
        (("leaks", "lists"), [None, 1], [0, 1.5, "1"]),
        (("leaks", "rows"), [0, 7], [-1, 0.5, None, "1"]),
        (("leaks", "more"), [0, 7], [-1, 0.5, None, "1"]),
        (("leaks", "splits", "val", "shared"), [0, 7], [-1, 0.5, None, "1"]),
        (("leaks", "pairs", 0, "first"), [1, "b"], [None, 1.5, True]),
        (
            ("leaks", "pairs", 0, "splits"),
            [["", "x" * 40]],
            [["a"], ["a", "b", "c"], ["", "x" * 41], ["", None]],
        ),
        (("leaks", "pairs", 0, "example"), ["", "a\nb", "x" * 2000], ["x" * 2001, None]),
        (("misplaced", 0, "what"), ["texts", "order"], ["text", None]),
        (("misplaced", 0, "article"), [1, "b"], [None, 1.5]),
        (("problems",), [[], ["x"] * 10_000], [["x"] * 10_001, None, [None], ["a\nb"]]),
        (("findings",), [[]], [["x"] * 10_001, "x"]),
    ],
)
def test_what_may_stand_where(place: tuple[str | int, ...], good: list[object], bad: list[object]) -> None:
    assert accepted("audit", place, [*good, *bad]) == good
