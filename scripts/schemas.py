"""The published JSON Schemas, made from the records: ``python -m scripts.schemas`` writes them all.

A record says everything once: a field's type, its line under ``Attributes``, and the rules beside its
type (:mod:`schemas.records.rules`). Of a policy there are two forms: as people write it in TOML, where what
is left open is left out, and as a report repeats it, where every field is there.
"""

import dataclasses
import inspect
import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import schemas
from schemas.reading.schema import MAJOR_VERSIONS
from schemas.reading.strict_json import dumps
from schemas.records.audit import Audit
from schemas.records.dataset import DatasetRecord
from schemas.records.decision import Decision
from schemas.records.history import History
from schemas.records.judgement import Judgement
from schemas.records.policy import Policy
from schemas.records.production import Production
from schemas.records.report import CHECKSUM, Report
from schemas.records.rules import Names, Rule, Sha256, file_keys, is_later

Schema = dict[str, Any]

HOST = "https://gatekeeper.dev/schemas"

CHECKSUM_MEANING = (
    "Digest of everything else but the judgement, as canonical JSON. It tells of damage and of edits by "
    "hand; it is no signature."
)

_SCALARS: Mapping[object, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}


@dataclass(frozen=True)
class Document:
    """A published schema.

    Attributes:
        record: what a document holds.
        title: for people.
        written: whether people write it, as TOML.
        extra: keys of the file that are no part of the record: key -> its type and meaning.
        elsewhere: records that the schema of another document defines: record -> where.
    """

    record: type
    title: str
    written: bool = False
    extra: Mapping[str, tuple[object, str]] = field(default_factory=dict)
    elsewhere: Mapping[type, str] = field(default_factory=dict)


DOCUMENTS: Mapping[str, Document] = {
    "audit": Document(Audit, "data audit"),
    "dataset": Document(DatasetRecord, "data set"),
    "decision": Document(
        Decision, "decision", elsewhere={Judgement: f"{HOST}/report/v2.json#/$defs/judgement"}
    ),
    "history": Document(History, "training history"),
    "policy": Document(Policy, "policy", written=True),
    "production": Document(Production, "production"),
    "report": Document(Report, "report", extra={CHECKSUM: (Sha256, CHECKSUM_MEANING)}),
}


def schema_of(name: str) -> Schema:
    """The schema of a document, by its name in :data:`schemas.reading.schema.SCHEMAS`.

    Raises:
        LookupError: a field has no line under ``Attributes``.
    """
    document, version = DOCUMENTS[name], MAJOR_VERSIONS[name]
    maker = _Maker(document)
    root = maker.record(document.record)
    for key, (hint, meaning) in document.extra.items():
        root["properties"][key] = maker.value(hint) | {"description": meaning}
        root["required"].append(key)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{HOST}/{name}/v{version}.json",
        "title": f"gatekeeper {document.title}, version {version}",
        **root,
        **({"$defs": maker.definitions} if maker.definitions else {}),
    }


@dataclass
class _Maker:
    """Types to schemas; what has a name is defined once."""

    document: Document
    definitions: dict[str, Schema] = field(default_factory=dict)

    def record(self, kind: type) -> Schema:
        """An object with exactly the fields of a record."""
        hints, meanings = get_type_hints(kind, include_extras=True), _meanings(kind)
        keys = file_keys(kind) if self.document.written else {name: name for name in hints}
        properties, required = {}, []
        for each in dataclasses.fields(kind):
            if each.name not in meanings:
                raise LookupError(f"{kind.__name__}.{each.name} has no line under Attributes")
            schema = self.value(hints[each.name])
            default = {}
            expected = not self.document.written or _must_be_there(each, hints[each.name])
            if expected and not is_later(each):
                required.append(keys[each.name])
            elif each.default is not None and each.default is not dataclasses.MISSING:
                default = {"default": _plain(each.default)}
            properties[keys[each.name]] = schema | default | {"description": meanings[each.name]}
        return {
            "description": _prose(_summary(kind)),
            "type": "object",
            "additionalProperties": False,
            **({"required": required} if required else {}),
            "properties": properties,
        }

    def value(self, hint: object) -> Schema:
        """What a field of this type holds."""
        rules, base, nullable = _taken_apart(hint)
        nullable = nullable and not self.document.written
        if base in self.document.elsewhere:
            return {"$ref": self.document.elsewhere[base]}  # type: ignore[index]  # it is there
        named = next((each for each in rules if each.name), None)
        if nullable or (named is None and not dataclasses.is_dataclass(base)):
            schema = _narrowed(self._of_type(base), rules)
            return _or_null(schema) if nullable else schema
        name = named.name if named else re.sub(r"(?<!^)(?=[A-Z])", "_", base.__name__).lower()  # type: ignore[attr-defined]
        inner = rules[: rules.index(named) + 1] if named else []
        if name not in self.definitions:
            self.definitions[name] = {}  # keeps its place before those that it needs
            self.definitions[name] = _narrowed(self._of_type(base), inner)
        outer = rules[len(inner) :]
        if any(self.definitions[name].keys() & each.keywords.keys() for each in outer):
            return _narrowed(self._of_type(base), rules)  # narrower than its definition: it stands in place
        return _narrowed({"$ref": f"#/$defs/{name}"}, outer)

    def _of_type(self, base: object) -> Schema:
        arguments = get_args(base)
        if isinstance(base, type) and dataclasses.is_dataclass(base):
            return self.record(base)
        if base in _SCALARS:
            return {"type": _SCALARS[base]}
        if get_origin(base) is Literal:
            return {"enum": list(arguments)}
        if get_origin(base) in (Union, types.UnionType):
            return {"type": [_SCALARS[each] for each in arguments]}
        if get_origin(base) is not tuple:
            return self._mapping(*arguments)
        items = {"type": "array", "items": self.value(arguments[0])}
        if arguments[-1] is Ellipsis:
            return items
        return items | {"minItems": len(arguments), "maxItems": len(arguments)}

    def _mapping(self, key: object, kind: object) -> Schema:
        names = next((each for each in getattr(key, "__metadata__", ()) if isinstance(each, Names)), None)
        if names is not None:
            properties = {
                name: self.value(names.kinds.get(name, kind)) | {"description": f"{_prose(meaning)}."}
                for name, meaning in names.meanings.items()
            }
            required = {"required": list(properties)} if names.required else {}
            return {"type": "object", "additionalProperties": False, **required, "properties": properties}
        rules = _taken_apart(key)[0]
        if not rules:
            return {"type": "object", "additionalProperties": self.value(kind)}
        (pattern,) = (each.keywords["pattern"] for each in rules)
        return {
            "type": "object",
            "additionalProperties": False,
            "patternProperties": {pattern: self.value(kind)},
        }


def _taken_apart(hint: object) -> tuple[list[Rule], object, bool]:
    """The rules of a type, inner ones first, the type without them, and whether it may be None."""
    rules: list[Rule] = []
    nullable = False
    while True:
        arguments = get_args(hint)
        if get_origin(hint) is Annotated:
            rules = [each for each in arguments[1:] if isinstance(each, Rule)] + rules
            hint = arguments[0]
        elif get_origin(hint) in (Union, types.UnionType) and type(None) in arguments:
            (hint,) = (each for each in arguments if each is not type(None))
            nullable = True
        else:
            return rules, hint, nullable


def _must_be_there(each: "dataclasses.Field[Any]", hint: object) -> bool:
    return each.default is dataclasses.MISSING and not _taken_apart(hint)[2]


def _narrowed(schema: Schema, rules: Iterable[Rule]) -> Schema:
    """A schema with the keywords of rules, later ones over earlier ones."""
    for each in rules:
        schema = _merged(schema, each.keywords)
    if "enum" in schema:
        schema.pop("type", None)  # its values say it, and say it better
    return {key: schema[key] for key in sorted(schema, key=_rank)}


def _rank(keyword: str) -> int:
    """Limits come before what looks at every item: a validator meets them first and need go no further."""
    if keyword in ("$ref", "type", "enum"):
        return 0
    return 1 if keyword.startswith(("min", "max")) else 2


def _merged(one: Mapping[str, Any], two: Mapping[str, Any]) -> Schema:
    both = {key: _plain(value) for key, value in two.items()}
    for key in one.keys() & two.keys():
        if isinstance(one[key], dict) and isinstance(two[key], dict):
            both[key] = _merged(one[key], two[key])
    return {**one, **both}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _or_null(schema: Schema) -> Schema:
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]}


def _summary(kind: type) -> str:
    """What the docstring of a record says before its attributes."""
    return inspect.cleandoc(kind.__doc__ or "").partition("Attributes:")[0]


def _meanings(kind: type) -> dict[str, str]:
    """Field -> what the docstring of its record says of it."""
    lines = inspect.cleandoc(kind.__doc__ or "").partition("Attributes:\n")[2]
    found = re.findall(r"^ {4}(\w+(?:, \w+)*): (.*(?:\n {8}.*)*)", lines, re.MULTILINE)
    return {name: _prose(text) for names, text in found for name in names.split(", ")}


def _prose(text: str) -> str:
    """A text of a docstring for people who know JSON, not Python."""
    text = re.sub(r":\w+:`~?([^`]*)`", r"\1", " ".join(text.split()))
    text = re.sub(r"``None``|\bNone\b", "null", text)
    literal = text.startswith("``")
    text = text.replace("``", "")
    return text if literal else text[:1].upper() + text[1:]


def main() -> None:
    """Write every schema into its file."""
    for name, version in MAJOR_VERSIONS.items():
        file = Path(schemas.__path__[0]) / f"{name}.v{version}.json"
        file.write_text(dumps(schema_of(name)), encoding="utf-8")


if __name__ == "__main__":
    main()
