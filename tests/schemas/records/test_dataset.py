"""What the record of a data set may hold, place by place."""

import pytest

from tests.schemas.documents import accepted


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        (("schema_version",), ["1.0", "1.999"], ["2.0", None]),
        (("tool_version",), ["", "x" * 2000], ["x" * 2001, "a\nb", None, 1]),
        (("context",), [1, 7], [0, -1, 1.5, None, "1"]),
        (("horizon",), [1, 7], [0, -1, 1.5, None, "1"]),
        (("bank", "rows"), [1, 7], [0, -1, 1.5, None, "1"]),
        (("bank", "dtype"), ["float32", "float16"], ["float64", None]),
        (("bank", "sha256"), ["b" * 64], ["b" * 63, "B" * 64, None, 1]),
        (("splits", "train", "windows"), [1, 7], [0, -1, 1.5, None, "1"]),
        (
            ("splits", "train", "articles"),
            ["0", "0-39,45", "-3--1,7", "-1"],
            ["", "0-", "0,", "a", "0-1-2", "0\n"],
        ),
        (("origin", "encoder"), [None, "", "x" * 2000], ["x" * 2001, "a\nb", 1]),
        (("origin", "licence"), [None, "", "x" * 2000], ["x" * 2001, "a\nb", 1]),
        (("origin", "note"), [None, "", "x" * 2000], ["x" * 2001, "a\nb", 1]),
        (("origin", "source_sha256"), ["b" * 64], ["b" * 63, "B" * 64, None, 1]),
        (("files", "vectors.npy", "bytes"), [0, 7], [-1, 0.5, None, "1"]),
        (
            ("splits",),
            [{"val": {"windows": 1, "articles": "0", "sha256": "b" * 64}}],
            [{}, {"test": {"windows": 1, "articles": "0", "sha256": "b" * 64}}],
        ),
        (
            ("files",),
            [{}, {"a" * 40 + ".csv": {"sha256": "b" * 64, "bytes": 0}}],
            [
                {name: {"sha256": "b" * 64, "bytes": 0}}
                for name in ("A.npy", "a.npz", "a/b.npy", "a" * 41 + ".csv", "1.npy")
            ],
        ),
    ],
)
def test_what_may_stand_where(place: tuple[str | int, ...], good: list[object], bad: list[object]) -> None:
    assert accepted("dataset", place, [*good, *bad]) == good
