"""Files of texts: every ordinary line is read, every other one refused by its number."""

import gzip
import json
from pathlib import Path

import pytest

from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.data.formats.gathering import read_table
from gatekeeper.data.formats.json_table import JsonTable, is_json_lines
from gatekeeper.data.formats.texts import Texts
from schemas.errors import DataError


def read_texts(path: Path) -> Texts:
    found = read_table(JsonTable(path), BankKeys())
    assert isinstance(found, Texts)
    return found


def lines(path: Path, *values: object) -> Path:
    path.write_text("".join(f"{json.dumps(value)}\n" for value in values))
    return path


def chunk(article: object, number: object = 0, text: object = "a", **more: object) -> dict[str, object]:
    return {"article": article, "chunk": number, "text": text, **more}


def test_texts_are_read_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = lines(tmp_path / "t.jsonl", chunk(1, title="One"), chunk(0, text="b", more=[1]))
    packed = tmp_path / "t.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes() + b"\n\n"))
    for each in (path, packed):
        assert is_json_lines(each)
        found = read_texts(each)
        assert list(found.texts) == ["a", "b"]
        assert found.articles.numbers.tolist() == [1, 0]
        assert found.titles == {1: "One"}
        assert found.notes == ()
    assert not is_json_lines(tmp_path / "bank.npz")


@pytest.mark.parametrize(
    ("given", "numbers", "ids"),
    [
        ([5, -3, 5], [5, -3, 5], None),
        ([-(2**63), 2**63 - 1], [-(2**63), 2**63 - 1], None),
        ([2**64 - 1, 2**63, 7], [2, 1, 0], (7, 2**63, 2**64 - 1)),
        (["b", "ä", "a"], [1, 2, 0], ("a", "b", "ä")),
        ([2**64, 3], [0, 1], (str(2**64), "3")),
        ([2**63, -1], [1, 0], ("-1", str(2**63))),
    ],
)
def test_articles_are_called_what_people_call_them(
    tmp_path: Path, given: list[object], numbers: list[int], ids: tuple[object, ...] | None
) -> None:
    rows = [chunk(article, place, title=f"of {article}") for place, article in enumerate(given)]
    found = read_texts(lines(tmp_path / "t.jsonl", *rows))
    assert found.articles.numbers.tolist() == numbers
    assert found.articles.ids == ids
    known = given if ids is None else ids
    assert found.titles == {each: f"of {each}" for each in known}


def test_texts_that_are_not_as_they_should_be_are_kept_repaired_and_counted(tmp_path: Path) -> None:
    path = lines(
        tmp_path / "t.jsonl",
        chunk(0, 0, "half \ud83d of one"),
        chunk(0, 1, "nul\x00"),
        chunk(0, 2, ""),
        chunk(0, 3, None),
        chunk(0, 4, float("nan")),
        {"article": 0, "chunk": 5},
        chunk(0, 6, "\u202eright to left\u200f"),
        chunk(0, 7, "\ud83d\ude00 whole", title="\udc00"),
        chunk(0, 8, " \t"),
    )
    path.write_bytes(path.read_bytes() + b'{"article": 0, "chunk": 9, "text": "raw \xed\xa0\x80 tab\t"}\n')
    found = read_texts(path)
    assert list(found.texts) == [
        "half \ufffd of one",
        "nul\ufffd",
        "",
        "",
        "",
        "",
        "\u202eright to left\u200f",
        "😀 whole",
        " \t",
        "raw \ufffd tab\t",
    ]
    assert found.titles == {0: "\ufffd"}
    assert found.notes == (
        f"{path}: 5 text(s) are missing or empty; they are kept as empty texts",
        f"{path}: 2 text(s) held halves of characters (lone surrogates), replaced by \ufffd",
        f"{path}: 1 text(s) held the character NUL, replaced by \ufffd",
    )


@pytest.mark.parametrize("packed", [False, True])
def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path, packed: bool) -> None:
    content = b"\xef\xbb\xbf" + json.dumps(chunk(0)).encode() + b"\r\n"
    path = tmp_path / ("t.jsonl.gz" if packed else "t.jsonl")
    path.write_bytes(gzip.compress(content) if packed else content)
    assert list(read_texts(path).texts) == ["a"]


WHOLE = b'{"article": 0, "chunk": 0, "text": "a"}\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no texts; expected a line for each chunk, with article, chunk and text"),
        (b"\n\n", "holds no texts"),
        (b"x\n", "line 1: expected a JSON object, found 'x'"),
        (b"[1]\n", "line 1: expected a JSON object, found list"),
        (b"[" * 100_000 + b"\n", "line 1: expected a JSON object, found one that is nested too deep"),
        (b'{"article": ' + b"9" * 5000 + b"}\n", "line 1: expected a JSON object, found a number of"),
        (WHOLE + b'{"article": 0, "chunk": 1, "text": "a", "text": "b"}\n', "line 2: expected a JSON obj"),
        (b'{"article": 0.5, "chunk": 0, "text": "a"}\n', "line 1: article must be a whole number or text"),
        (b'{"article": true, "chunk": 0, "text": "a"}\n', "line 1: article must be a whole number or text"),
        (b'{"chunk": 0, "text": "a"}\n', "no key names the article of a line; found the keys 'chunk', "),
        (b'{"article": " ", "chunk": 0, "text": "a"}\n', "an article id is empty; give every article a name"),
        (b'{"article": "a\\u0007", "chunk": 0, "text": "a"}\n', "holds control characters; leave them out"),
        (b'{"article": "\\ud800", "chunk": 0, "text": "a"}\n', "holds control characters; leave them out"),
        (b'{"article": "' + b"x" * 1001 + b'", "chunk": 0, "text": "a"}\n', "has 1001 characters; 1000 are"),
        (WHOLE + b'{"article": "0", "chunk": 1, "text": "a"}\n', "line 2: article ids are numbers (0) and t"),
        (b'{"article": 0, "chunk": true, "text": "a"}\n', "line 1: chunk, the place in the article, must be"),
        (b'{"article": 0, "chunk": 9223372036854775808, "text": "a"}\n', "must be a whole number of 64 bits"),
        (b'{"article": 0, "chunk": 0, "text": 1984}\n', "line 1: text must be text; found int '1984'"),
        (b'{"article": 0, "chunk": 0, "words": "a"}\n', "found the keys 'article', 'chunk', 'words'; --"),
        (WHOLE + b'{"article": 0, "chunk": 1, "text": "caf\xe9"}\n', "line 2: expected UTF-8, found byte"),
        (WHOLE.decode().encode("utf-16"), "is UTF-16; save the file as UTF-8"),
        (b"PAR1" + b"\0" * 20, "expected texts, a JSON object a line; found a Parquet table"),
        (gzip.compress(WHOLE, mtime=0), "expected texts, a JSON object a line; found a gzip archive"),
    ],
)  # fmt: skip
def test_broken_texts_are_refused_by_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"t\.jsonl") as caught:
        read_texts(path)
    assert message in str(caught.value)


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(b"plain")
    with pytest.raises(DataError, match="cannot read"):
        read_texts(path)
    path.write_bytes(gzip.compress(WHOLE * 100)[:-9])
    with pytest.raises(DataError, match="cannot read"):
        read_texts(path)
    with pytest.raises(DataError, match="No such file"):
        read_texts(tmp_path / "missing.jsonl")
