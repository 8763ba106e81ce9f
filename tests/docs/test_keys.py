"""The tables of a configuration's keys are those of the declarations."""

import dataclasses
from pathlib import Path

import pytest

from gatekeeper.config.sections import DataConfig, EvalConfig

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"


def table(section: type) -> str:
    """A row a key: its name, what it holds, its default, and its line in ``--help``."""
    rows = ["| key | holds | default | meaning |", "|---|---|---|---|"]
    for each in dataclasses.fields(section):
        value = each.metadata.get("otherwise", "") if each.default is None else each.default
        default = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        meaning = each.metadata["help"].replace("*", r"\*")
        shown = default and f"`{default}`"
        rows.append(f"| `{each.name}` | {each.metadata['kind'].expected} | {shown} | {meaning} |")
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("section", [DataConfig, EvalConfig])
def test_the_documented_keys_are_the_declared_ones(section: type) -> None:
    assert table(section) in PAGE.read_text(encoding="utf-8")
