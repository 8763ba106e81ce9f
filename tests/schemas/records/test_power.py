"""What a report may say of what a sample can show."""

import pytest

from schemas.reading.codec import encode
from schemas.reading.schema import violation
from schemas.records.power import Power
from tests.schemas.documents import at, document, edited


@pytest.mark.parametrize("name", ["audit", "report"])
@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("rival", [None, "copy_mix"], [1, "a\nb"]),
        ("gain", [None, 0, 0.05, 20], [-0.01, "1", True]),
        ("margin", [None, 0, 0.05], [-0.01, "1"]),
        ("articles", [None, 2, 20_000], [1, 0, 12.5, "12"]),
    ],
)
def test_what_may_stand_where(name: str, key: str, good: list[object], bad: list[object]) -> None:
    place = ("power",) if name == "audit" else ("evidence", "power")
    plain = edited(document(name), place, {"val": encode(Power("copy_mix", 0.1, 0.02, 12))})
    assert violation(name, plain) is None
    for value in good:
        assert violation(name, edited(plain, (*place, "val", key), value)) is None
    for value in bad:
        assert violation(name, edited(plain, (*place, "val", key), value)) is not None
    assert at(plain, place).keys() == {"val"}
