"""What is put into containers is counted: a small pickle may not stand for a large value."""

import pytest

from schemas.errors import ModelError
from trainers.checkpoints import pickle_scan
from trainers.checkpoints.pickle_scan import scan

PROTO = b"\x80\x02"


def name_of(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def doubled(opening: bytes, closing: bytes, times: int) -> bytes:
    """A value that holds the one before it twice, so many times over."""
    step = opening + b"h\x01h\x01" + closing + b"q\x01"
    return b"(" + opening + closing + b"q\x01" + step * times + b"t"


TOWERS = {
    "tuples": doubled(b"(", b"t", 60),
    "lists": doubled(b"](", b"e", 60),
    "dictionaries": b"(}q\x01" + b"}(K\x00h\x01K\x01h\x01uq\x01" * 60 + b"t",
    "pairs": b"()q\x01" + b"h\x01h\x01\x86q\x01" * 60 + b"t",
}


@pytest.mark.parametrize("tower", TOWERS.values(), ids=TOWERS)
@pytest.mark.parametrize("place", ["key", "value"])
def test_a_tower_of_values_that_doubles_with_every_floor_is_refused(tower: bytes, place: str) -> None:
    pickle = PROTO + b"}" + (tower + b"K\x01" if place == "key" else b"K\x01" + tower) + b"s."
    with pytest.raises(ModelError, match=r"more than 60 deep|one of them named many times|has a key that"):
        scan(pickle, {}, "m.pt")


DEEP = {
    "tuples": b")" + b"\x85" * 100_000,
    "lists": b"]" * 100_000 + b"a" * 99_999,
    "dictionaries": b"}" + b"K\x01}" * 100_000 + b"s" * 100_000,
    "marks": b"(" * 100_000,
    "mixed": b"]" + b"\x85" * 30 + b"](" * 40 + b"\x85" * 30,
}


@pytest.mark.parametrize("deep", DEEP.values(), ids=DEEP)
def test_values_deep_inside_one_another_are_refused(deep: bytes) -> None:
    with pytest.raises(ModelError, match=r"^m\.pt (nests|opens|cannot be read)"):
        scan(PROTO + b"}K\x01" + deep + b"s.", {}, "m.pt")


@pytest.mark.parametrize("circle", [b"]q\x01h\x01a", b"]q\x01]q\x02h\x01ah\x02a", b"}q\x01K\x01h\x01s"])
def test_values_that_are_part_of_themselves_are_refused(circle: bytes) -> None:
    with pytest.raises(ModelError, match=r"part of itself|part of another already|cannot be read"):
        scan(PROTO + b"}K\x01" + circle + b"s.", {}, "m.pt")


@pytest.mark.parametrize("place", [b"r\xff\xff\xff\xff", b"r\x00\x00\x00\x10", b"q\xff"])
def test_a_place_in_the_memo_costs_nothing_however_high_it_is(place: bytes) -> None:
    assert scan(PROTO + b"}" + place + b".", {}, "m.pt") == "dict"


@pytest.mark.parametrize(
    "items",
    [b"K\x01" * 3001, b"]" * 700, b")" * 700, (name_of("builtins", "set") + b")R") * 99],
    ids=["numbers", "lists", "tuples", "calls"],
)
def test_more_values_than_any_checkpoint_has_are_refused(
    items: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scan(PROTO + b"](" + items + b"e.", {}, "m.pt") == "list"
    assert pickle_scan.MOST_WORK == 3_000_000
    monkeypatch.setattr(pickle_scan, "MOST_WORK", 3000)
    with pytest.raises(ModelError, match="holds more than 3,000 values; a checkpoint needs its weights"):
        scan(PROTO + b"](" + items + b"e.", {}, "m.pt")
