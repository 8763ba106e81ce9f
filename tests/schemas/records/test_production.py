"""What the record of a release may hold, place by place."""

import pytest

from tests.schemas.documents import accepted


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        (("schema_version",), ["1.0", "1.999"], ["2.0", None]),
        (("release",), [1, 7], [0, -1, 1.5, None, "1"]),
        (("action",), ["deploy", "rollback"], ["roll", None]),
        (("deployed",), ["2026-02-28T00:00:00Z"], ["2026-02-28", None]),
        (("model", "file"), ["m", "A.b_c-9", "a" * 100], ["", ".pt", "a/b", "a" * 101, "a\n", None]),
        (("model", "bytes"), [0, 7], [-1, 0.5, None, "1"]),
        (("model", "sha256"), ["b" * 64], ["b" * 63, "B" * 64, None, 1]),
        (("report_sha256",), ["b" * 64], ["b" * 63, "B" * 64, None, 1]),
        (("signer",), [None, "b" * 64], ["b" * 63, "B" * 64, 1]),
        (("policy", "name"), ["", "x" * 2000], ["x" * 2001, "a\nb", None, 1]),
        (("policy", "sha256"), ["b" * 64], ["b" * 63, "B" * 64, None, 1]),
        (("replaced",), [None, 1], [0, 1.5, "1"]),
        (("restores",), [None, 1], [0, 1.5, "1"]),
        (
            ("predecessor",),
            [None, {"release": 1, "model_sha256": "b" * 64}],
            [{}, {"release": 0, "model_sha256": "b" * 64}, 1],
        ),
    ],
)
def test_what_may_stand_where(place: tuple[str | int, ...], good: list[object], bad: list[object]) -> None:
    assert accepted("production", place, [*good, *bad]) == good
