"""Policies from TOML: the built-in ones by name, others by path."""

import dataclasses
import datetime
import functools
import hashlib
import importlib.resources
import math
import os
import re
import unicodedata
from pathlib import Path
from typing import Any

from schemas.disk.opening import open_regular, why
from schemas.errors import PolicyError
from schemas.names import did_you_mean
from schemas.reading.codec import decode
from schemas.reading.policy_rules import check_policy
from schemas.reading.schema import violation
from schemas.reading.strict_toml import MAX_BYTES, loads
from schemas.records.policy import (
    POLICY_VERSION,
    ChampionRule,
    ControlRule,
    DataPin,
    LoadedPolicy,
    Policy,
    PolicyCheck,
)
from schemas.records.rules import file_keys

_MAX_DEPTH = 8
_TOO_DEEP = f"not a policy: tables and lists are nested more than {_MAX_DEPTH} deep"


def builtin_policies() -> tuple[str, ...]:
    """Names of the built-in policies, sorted."""
    folder = importlib.resources.files("schemas") / "policies"
    return tuple(
        sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    )


def load_policy(name_or_path: str | os.PathLike[str]) -> LoadedPolicy:
    """Load a built-in policy by name or any policy by the path of its TOML file.

    A built-in name wins over a file of that name; write ``./NAME`` for the file.

    Raises:
        PolicyError: neither a known name nor a readable file, a file that is no valid policy, or one
            that borrows the name of a built-in policy.
    """
    name = os.fspath(name_or_path)
    if isinstance(name_or_path, str) and name in builtin_policies():
        return _builtin(name)
    path = Path(name)
    if not path.name.isprintable():
        raise PolicyError(
            f"policy {name!r}: its name, which reports repeat, holds control characters; rename it"
        )
    data = _read(path, name)
    try:
        policy = parse_policy(data)
        _refuse_borrowed_name(policy)
        return LoadedPolicy(policy, hashlib.sha256(data).hexdigest(), path.name)
    except PolicyError as error:
        raise PolicyError(f"policy {name}: {error}") from None


def parse_policy(data: bytes) -> Policy:
    """Parse and check the bytes of a policy file.

    Raises:
        PolicyError: they are no TOML, of another schema version, or break a rule of the schema
            or of :func:`schemas.reading.policy_rules.check_policy`.
    """
    document = loads(data, error=PolicyError)
    _refuse_unusual(document)
    document = _days_as_text(document)
    _check_version(document)
    found = violation("policy", document)
    if found is not None:
        raise PolicyError(found)
    policy = decode(Policy, _completed(document), where="policy", error=PolicyError)
    check_policy(policy)
    return policy


@functools.cache
def _builtin(name: str) -> LoadedPolicy:
    data = (importlib.resources.files("schemas") / "policies" / f"{name}.toml").read_bytes()
    return LoadedPolicy(parse_policy(data), hashlib.sha256(data).hexdigest(), "built-in")


def _refuse_borrowed_name(policy: Policy) -> None:
    """Every output names the policy: under a name that people trust, a foreign one would be believed."""
    known = next((one for one in builtin_policies() if _plain(one) == _plain(policy.name)), None)
    if known is not None and _builtin(known).policy != policy:
        raise PolicyError(
            f"it calls itself {policy.name!r}, which is the built-in policy {known!r}, but its "
            "content is another; give it a name of its own"
        )


def _plain(name: str) -> str:
    """The name without what a reader overlooks: case, width, spaces, punctuation, invisible characters."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in folded if character.isalnum())


def builtin_by_digest(sha256: str) -> Policy | None:
    """The built-in policy whose file has this digest, if there is one."""
    loaded = (_builtin(name) for name in builtin_policies())
    return next((one.policy for one in loaded if one.sha256 == sha256), None)


def _read(path: Path, name: str) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        known = builtin_policies()
        hint = did_you_mean(name, known)
        raise PolicyError(
            f"unknown policy {name!r}: no such file; {hint and hint + ' '}built in: {', '.join(known)}"
        ) from None
    except (OSError, ValueError) as error:
        raise PolicyError(f"cannot read policy {name!r}: {why(error)}") from None


def _check_version(document: dict[str, object]) -> None:
    version = document.get("schema_version")
    if version is None:
        raise PolicyError(f'expected schema_version = "{POLICY_VERSION}", found none; add it')
    if not isinstance(version, str) or not re.fullmatch(r"1\.[0-9]{1,3}", version):
        raise PolicyError(f"expected schema_version 1.x, found {str(version)[:40]!r}")


def _refuse_unusual(document: dict[str, object]) -> None:
    """TOML has nan, inf and integers of any length; none of them is a threshold."""
    level: list[object] = [document]
    for _ in range(_MAX_DEPTH):
        for value in level:
            if isinstance(value, float) and not math.isfinite(value):
                raise PolicyError(f"expected finite numbers only, found {value}")
            if isinstance(value, int) and value.bit_length() > 63:
                raise PolicyError("expected integers of at most 64 bits, found a longer one")
        level = [
            child
            for value in level
            if isinstance(value, (dict, list))
            for child in (value.values() if isinstance(value, dict) else value)
        ]
    if level:
        raise PolicyError(_TOO_DEEP)


def _days_as_text(document: dict[str, object]) -> dict[str, object]:
    """The document with TOML's own dates in ``expires`` as text: it may be written with or without quotes."""
    waivers = document.get("waiver")
    if not isinstance(waivers, list):
        return document
    return {**document, "waiver": [_day_as_text(waiver) for waiver in waivers]}


def _day_as_text(waiver: object) -> object:
    day = waiver.get("expires") if isinstance(waiver, dict) else None
    # A datetime is a date too, but one with a clock is no last day.
    if not isinstance(waiver, dict) or type(day) is not datetime.date:
        return waiver
    return {**waiver, "expires": day.isoformat()}


def _completed(document: dict[str, Any]) -> dict[str, object]:
    """The document in the form of :class:`Policy`: what was left out has its default."""
    pin = document.get("data")
    return {
        **_with_all_fields(Policy, document),
        "checks": [_with_all_fields(PolicyCheck, line) for line in document["check"]],
        "champion": [_with_all_fields(ChampionRule, line) for line in document.get("champion", [])],
        "controls": [_with_all_fields(ControlRule, line) for line in document.get("control", [])],
        "data": _with_all_fields(DataPin, pin) if isinstance(pin, dict) else None,
    }


def _with_all_fields(kind: type, table: dict[str, object]) -> dict[str, object]:
    keys = file_keys(kind)
    return {
        field.name: table.get(keys[field.name], _default(field.default)) for field in dataclasses.fields(kind)
    }


def _default(value: object) -> object:
    if value is dataclasses.MISSING:
        return None
    return list(value) if isinstance(value, tuple) else value
