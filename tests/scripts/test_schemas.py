"""The published schemas are made from the records, and the committed ones are those that are made."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator

import schemas
from schemas.reading.schema import MAJOR_VERSIONS, SCHEMAS, schema_text
from schemas.reading.strict_json import dumps
from schemas.records.rules import InFile, Line, Names, Positive, rule
from scripts import schemas as made
from scripts.schemas import DOCUMENTS, Document, schema_of


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_committed_schema_is_the_one_that_the_records_make(name: str) -> None:
    assert schema_text(name) == dumps(schema_of(name)), "run python -m scripts.schemas"


def test_every_published_schema_is_made_and_no_other() -> None:
    assert list(DOCUMENTS) == list(SCHEMAS) == list(MAJOR_VERSIONS)


@dataclass(frozen=True)
class Leaf:
    """A leaf
    of a tree. It
    may fall.

    Attributes:
        kind: ``round`` or not; see :mod:`a.b`.
        size: of it, None where
            nobody measured.
    """

    kind: Literal["round", "long"]
    size: Positive | None


_SIZES = Names({"tall": "how tall", "wide": "how wide"}, {"wide": int}, required=False)


@dataclass(frozen=True)
class Tree:
    """A tree.

    Attributes:
        name, place: what it is called, and where it stands.
        leaves: of it.
        first: its first leaf, None in winter.
        sizes: in metres.
        notes: by year.
        nests: by branch.
        pair: two numbers.
        id: of it.
        alive: whether it is.
    """

    name: Annotated[Line, rule(minLength=1)]
    place: Line | None
    leaves: Annotated[tuple[Leaf, ...], InFile("leaf"), rule(maxItems=9, uniqueItems=True)]
    first: Leaf | None
    sizes: Mapping[Annotated[str, _SIZES], float]
    notes: Mapping[str, Line]
    nests: Mapping[Annotated[str, rule(pattern="^b[0-9]$")], bool]
    pair: tuple[float, float]
    id: int | str
    alive: bool = True


@pytest.fixture(params=[False, True], ids=["record", "file"])
def schema(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(made, "DOCUMENTS", {"tree": Document(Tree, "big tree", written=request.param)})
    monkeypatch.setattr(made, "MAJOR_VERSIONS", {"tree": 3})
    found = schema_of("tree")
    Draft202012Validator.check_schema(found)
    return found


LINE = {"$ref": "#/$defs/line"}
LEAF = {
    "type": "object",
    "description": "A leaf of a tree. It may fall.",
    "additionalProperties": False,
    "required": ["kind", "size"],
    "properties": {
        "kind": {"enum": ["round", "long"], "description": "round or not; see a.b."},
        "size": {
            "type": ["integer", "null"],
            "minimum": 1,
            "description": "Of it, null where nobody measured.",
        },
    },
}


@pytest.mark.parametrize("schema", [False], indirect=True)
def test_a_record_becomes_a_closed_object_with_all_its_fields(schema: dict[str, Any]) -> None:
    assert schema["title"] == "gatekeeper big tree, version 3"
    assert schema["$id"] == "https://gatekeeper.dev/schemas/tree/v3.json"
    assert schema["description"] == "A tree."
    assert schema["additionalProperties"] is False
    assert schema["required"] == list(schema["properties"]) == list(Tree.__annotations__)
    assert schema["$defs"]["leaf"] == LEAF
    found = schema["properties"]
    assert found["name"] == LINE | {
        "minLength": 1,
        "description": "What it is called, and where it stands.",
    }
    assert found["place"]["type"] == ["string", "null"]
    assert found["place"]["not"] == schema["$defs"]["line"]["not"]
    assert found["place"]["description"] == found["name"]["description"]
    assert found["leaves"] == {
        "type": "array",
        "maxItems": 9,
        "items": {"$ref": "#/$defs/leaf"},
        "uniqueItems": True,
        "description": "Of it.",
    }
    assert list(found["leaves"])[:2] == ["type", "maxItems"]  # a validator stops there
    assert found["first"] == LEAF | {
        "type": ["object", "null"],
        "description": "Its first leaf, null in winter.",
    }
    assert found["sizes"] == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "tall": {"type": "number", "description": "How tall."},
            "wide": {"type": "integer", "description": "How wide."},
        },
        "description": "In metres.",
    }
    assert found["notes"]["additionalProperties"] == LINE
    assert found["nests"]["patternProperties"] == {"^b[0-9]$": {"type": "boolean"}}
    assert found["nests"]["additionalProperties"] is False
    assert found["pair"]["minItems"] == found["pair"]["maxItems"] == 2
    assert found["pair"]["items"] == {"type": "number"}
    assert found["id"]["type"] == ["integer", "string"]
    assert found["alive"] == {"type": "boolean", "description": "Whether it is."}


@pytest.mark.parametrize("schema", [True], indirect=True)
def test_in_a_file_that_people_write_what_is_open_is_left_out(schema: dict[str, Any]) -> None:
    assert schema["required"] == ["name", "leaf", "sizes", "notes", "nests", "pair", "id"]
    found = schema["properties"]
    assert "leaf" in found
    assert "leaves" not in found
    assert found["place"] == LINE | {"description": "What it is called, and where it stands."}
    assert found["first"] == {"$ref": "#/$defs/leaf", "description": "Its first leaf, null in winter."}
    assert found["alive"] == {"type": "boolean", "default": True, "description": "Whether it is."}
    assert schema["$defs"]["leaf"]["required"] == ["kind"]
    assert schema["$defs"]["leaf"]["properties"]["size"]["type"] == "integer"


@dataclass(frozen=True)
class Mute:
    """Says nothing of its field."""

    field: int


def test_a_field_that_nobody_describes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "DOCUMENTS", {"report": Document(Mute, "mute")})
    with pytest.raises(LookupError, match=r"^Mute\.field has no line under Attributes$"):
        schema_of("report")


def test_the_command_writes_every_schema_where_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schemas, "__path__", [str(tmp_path)])
    made.main()
    assert {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()} == {
        f"{name}.v{version}.json": schema_text(name) for name, version in MAJOR_VERSIONS.items()
    }
