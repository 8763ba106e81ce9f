"""An object a line, and none that says a thing twice."""

from pathlib import Path

import pytest

from gatekeeper.data.formats.jsonl import Line, read_objects
from schemas.errors import DataError


def test_a_line_is_known_by_its_number_and_its_size(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b'{"a": 1}\n\n \n{"b": null}\n')
    assert list(read_objects(path)) == [Line(1, 9, {"a": 1}), Line(4, 12, {"b": None})]


def test_many_keys_in_one_object_are_compared_in_linear_time(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    keys = b",".join(b'"key%d":1' % place for place in range(200_000))
    path.write_bytes(b'{%s,"key0":2}\n' % keys)
    with pytest.raises(DataError, match="line 1: expected a JSON object, which names the key 'key0' twice"):
        list(read_objects(path))
