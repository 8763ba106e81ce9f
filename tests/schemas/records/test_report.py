"""What a report may hold beside evidence and judgement, place by place."""

import pytest

from tests.schemas import conftest as fabricated
from tests.schemas.documents import accepted


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        (("schema_version",), ["2.0", "2.999"], ["1.0", "3.0", None]),
        (("created",), ["2026-02-28T00:00:00Z"], ["2026-02-28", None]),
        (("content_sha256",), ["b" * 64], ["b" * 63, "B" * 64, None, 1]),
        (
            ("scores",),
            [None, {"name": "s.npz", "sha256": "b" * 64}],
            [{}, {"name": "s.npz", "sha256": None}, "s.npz"],
        ),
        (("policy", "checks", 0, "minimum"), [None, -1e9], [-1.1e9]),
        (("policy", "checks", 0, "decide"), [None, "point"], ["mean"]),
        (("policy", "champion", 0, "min_gain"), [None, 0], [-0.1]),
        (("policy", "data"), [None], [{}, 1]),
        (("policy", "data", "seed"), [None, 0], [-1]),
        (("policy", "name"), ["x"], [""]),
        (("policy", "confidence"), [0.5], [0, 1]),
    ],
)
def test_what_may_stand_where(place: tuple[str | int, ...], good: list[object], bad: list[object]) -> None:
    assert accepted("report", place, [*good, *bad]) == good


def test_the_setup_is_what_was_measured_and_how() -> None:
    report = fabricated._make_report()
    assert (report.setup.inputs, report.setup.settings) == (report.inputs, report.settings)
