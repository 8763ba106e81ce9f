"""Tables as text: quoted, delimited by what the header shows, and refused by line."""

from pathlib import Path

import pytest

from gatekeeper.data.formats.csv_table import CsvTable, is_csv
from schemas.errors import DataError


def table(folder: Path, content: str | bytes, name: str = "t.csv") -> CsvTable:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return CsvTable(path)


def rows(found: CsvTable) -> list[dict[str, object]]:
    names = list(found.sample())
    return [
        dict(zip(names, cells, strict=True))
        for batch in found.batches(names)
        for cells in zip(*(batch.columns[name] for name in names), strict=True)
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_what_stands_between_cells_is_told_from_the_header(tmp_path: Path, delimiter: str) -> None:
    found = table(tmp_path, f'a{delimiter}b\r\n1{delimiter}"x, y; z"\r\n\r\n{delimiter}"say ""hi"""\r\n')
    assert rows(found) == [{"a": "1", "b": "x, y; z"}, {"a": None, "b": 'say "hi"'}]


def test_a_row_is_called_by_the_line_it_begins_in(tmp_path: Path) -> None:
    found = table(tmp_path, '\ufeffa,b\n1,"two\nlines"\n2,x\n\n3,y')
    assert [list(batch.places) for batch in found.batches(["a"])] == [[2, 4, 6]]
    assert found.sample() == {"a": ["1", "2", "3"], "b": ["two\nlines", "x", "y"]}


def test_long_cells_are_read_and_not_held_together(tmp_path: Path) -> None:
    found = table(tmp_path, "a,b\n" + f'1,"{"w" * 400_000}"\n' * 8)
    assert [len(batch.places) for batch in found.batches(["a", "b"])] == [3, 3, 2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"t\.csv is empty; expected a header that names the columns, and rows"),
        ("\n\n", r"t\.csv is empty"),
        ("a,a\n1,2\n", r"t\.csv names the column 'a' twice; give each its own name"),
        ("a,b\n1,2\n1\n", r"t\.csv line 3: expected 2 cells, as the header names, found 1; quote cells that"),
        ("a,b\n1,2,3\n", r"line 2: expected 2 cells, as the header names, found 3"),
        (
            'a,b\n1,"open\n2,b\n',
            r"line 2: expected cells between ',', quoted whole .* \(unexpected end of data\)",
        ),
        ('a,b\n1,"x"y\n', r"line 2: expected cells between ',', quoted whole"),
        (b"a,b\n1,caf\xe9\n", r"line 2: expected UTF-8, found 0xe9; save it as UTF-8"),
        ("a,b\n1,x\n".encode("utf-16"), r"t\.csv is UTF-16; save the file as UTF-8"),
        (b"PAR1" + bytes(20), r"t\.csv: expected a table as text; found a Parquet table"),
        (b"a,b\n" + b"w" * (4 * 2**20 + 1), r"line 2 is longer than 4194304 bytes; write one chunk a line"),
        (b'a,b\n1,"' + (b"w" * 10**6 + b"\n") * 5, r"line 2: .*\(field larger than field limit"),
    ],
    ids=range(12),
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        rows(table(tmp_path, content))


def test_it_is_told_by_its_name() -> None:
    assert [is_csv(Path(name)) for name in ("a.csv", "A.TSV.gz", "a.txt")] == [True, True, False]
