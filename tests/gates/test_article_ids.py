"""Ids of every width and kind, the numbers they get, and what is no id."""

import hashlib

import numpy as np
import numpy.typing as npt
import pytest

from gates.article_ids import id_array, number_articles
from gates.bank import bank_digest, build_bank, outline_bank
from gates.windows import refuse_shared_articles
from schemas.errors import DataError

HASH = 11400714819323198485


def test_ids_that_fit_int64_are_their_own_numbers() -> None:
    for kind in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64):
        values = np.array([3, 0, 100], dtype=kind)
        found = number_articles(values, source="bank")
        assert found.ids is None
        assert found.numbers.dtype == np.dtype(np.int64)
        assert found.numbers.tolist() == [3, 0, 100]
    extremes = np.array([-(2**63), 2**63 - 1, -1])
    assert number_articles(extremes, source="bank").numbers.tolist() == extremes.tolist()


@pytest.mark.parametrize(
    ("values", "numbers", "ids"),
    [
        (np.array([HASH, 5, HASH], dtype=np.uint64), [1, 0, 1], (5, HASH)),
        (np.array(["b", "a", "b"]), [1, 0, 1], ("a", "b")),
        (np.array([b"b", b"a"]), [1, 0], ("a", "b")),
        (np.array([HASH, 5], dtype=object), [1, 0], (5, HASH)),
        (np.array(["10", "9"], dtype=object), [0, 1], ("10", "9")),
        (["https://example.org/a?b=c", "\u202eabc"], [0, 1], ("https://example.org/a?b=c", "\u202eabc")),
    ],
)
def test_others_are_numbered_by_their_rank(
    values: npt.NDArray[np.generic] | list[object], numbers: list[int], ids: tuple[object, ...]
) -> None:
    found = number_articles(values, source="bank")
    assert (found.numbers.tolist(), found.ids) == (numbers, ids)
    assert [found.id_of(number) for number in numbers] == [ids[number] for number in numbers]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([0.0, 1.0]), "article indices must be integers or texts, one a row; found float64"),
        (np.array([True]), "must be integers or texts, one a row; found bool"),
        (np.array([1j]), "must be integers or texts"),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), "must be integers or texts"),
        (np.array([1, "a"], dtype=object), "article ids are numbers (1) and text ('a'); write all of th"),
        (np.array([1, None], dtype=object), "id of row 1 must be a whole number or text; found nothing"),
        (np.array([1, 2.5], dtype=object), "row 1 must be a whole number or text; found float '2.5'"),
        (np.array(["a", ""]), "an article id is empty"),
        (np.array(["a\nb"]), "the article id 'a\\nb' holds control characters; leave them out"),
        (np.array(["a\udc00"]), "holds control characters"),
        (np.array([b"\xff"]), "is no UTF-8; write ids as text"),
        (np.array(["x" * 1001]), "has 1001 characters; 1000 are enough"),
    ],
)  # fmt: skip
def test_what_is_no_id_is_refused(values: npt.NDArray[np.generic], message: str) -> None:
    with pytest.raises(DataError) as refused:
        number_articles(values, source="bank")
    assert str(refused.value).startswith("bank: ")
    assert message in str(refused.value)


def test_a_bank_keeps_the_ids_and_its_digest_covers_them() -> None:
    vectors, chunks = np.eye(4), np.array([1, 0, 1, 0])
    bank = build_bank(
        vectors, np.array(["z", "z", "a", "a"]), chunks, source="b", titles={"z": "Z", "q": "Q"}
    )
    assert bank.articles.tolist() == [0, 0, 1, 1]
    assert [bank.id_of(article) for article in bank.articles] == ["a", "a", "z", "z"]
    assert bank.titles == {1: "Z"}
    assert id_array(bank).tolist() == ["a", "a", "z", "z"]
    other = build_bank(vectors, np.array(["y", "y", "a", "a"]), chunks, source="b")
    numbered = build_bank(vectors, np.array([1, 1, 0, 0]), chunks, source="b")
    assert len({bank.sha256, other.sha256, numbered.sha256}) == 3
    assert np.array_equal(bank.vectors, numbered.vectors)
    plain = (
        f"{(4, 4)}".encode() + numbered.vectors.tobytes() + bank.articles.tobytes() + bank.chunks.tobytes()
    )
    assert numbered.sha256 == hashlib.sha256(plain).hexdigest()
    assert bank.sha256 == hashlib.sha256(plain + b'["a", "z"]').hexdigest()
    assert bank_digest(bank.vectors, bank.articles, bank.chunks, bank.ids) == bank.sha256


def test_numbers_at_the_ends_of_int64_are_articles_and_chunks_like_others() -> None:
    low, high = -(2**63), 2**63 - 1
    bank = outline_bank(np.array([high, low, low, low]), np.array([low, low, high, low + 1]), source="b")
    assert bank.articles.tolist() == [low, low, low, high]
    assert bank.run_first.tolist() == [0, 0, 2, 3]
    with pytest.raises(DataError, match="chunk index 9223372036854775808 does not fit 64 bits with a sign"):
        outline_bank(np.array([0]), np.array([2**63], dtype=np.uint64), source="b")


def test_messages_name_ids_not_numbers() -> None:
    with pytest.raises(DataError, match="first article iris chunk 3"):
        outline_bank(np.array(["iris", "iris"]), np.array([3, 3]), source="b")
    bank = outline_bank(np.array(["a", "iris"]), np.array([0, 0]), source="b")
    with pytest.raises(DataError, match=r"share 1 article\(s\), first article iris;"):
        refuse_shared_articles(bank, {"val": np.array([1]), "ood": np.array([0, 1])})
