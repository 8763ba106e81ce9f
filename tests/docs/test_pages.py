"""What the documentation shows must work."""

import json
import re
from pathlib import Path

import click
import pytest

from docs.hooks import REFERENCE
from gatekeeper.cli.app import COMMANDS, cli
from schemas.reading.policy import load_policy
from schemas.reading.schema import schema_text
from tests.docs.test_consoles import PAGES as RUN

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MADE = {ROOT / "docs" / "cli.md", *(ROOT / "docs" / "reference" / f"{package}.md" for package in REFERENCE)}
"""Pages that exist only in the site; whether a place in them exists is asked there."""

EXAMPLE = "infonce"
"""The trainer of the plug-in pages, which is installed where they are run."""

POLICY = ROOT / "docs" / "policies" / "production.toml"


def test_the_policy_example_is_a_policy_and_shows_every_key_of_the_format() -> None:
    policy = load_policy(POLICY).policy
    assert policy.name == "production"
    schema = json.loads(schema_text("policy"))
    tables = ("policy_check", "control_rule", "champion_rule", "waiver", "data_pin")
    written = POLICY.read_text()
    for table in (schema, *(schema["$defs"][name] for name in tables)):
        assert table["properties"]
        for key in table["properties"]:
            assert re.search(rf"^(\[+)?{key}( =|\])", written, re.MULTILINE) or key == "val", key


@pytest.mark.parametrize("page", sorted({*PAGES} - {*RUN}), ids=lambda page: page.name)
def test_every_command_on_a_page_that_is_not_run_exists_with_its_flags(page: Path) -> None:
    for line in re.findall(r"^\$ gatekeeper (.+?)(?:\s+#.*)?$", page.read_text(), re.MULTILINE):
        first, *rest = line.split()
        if first.startswith("-") or rest[:1] == [EXAMPLE]:
            continue
        assert first in COMMANDS, line
        with cli.make_context("gatekeeper", [first], resilient_parsing=True) as context:
            command = cli.get_command(context, first)
            assert command is not None
            if rest and isinstance(command, click.Group) and not rest[0].startswith("-"):
                command = command.get_command(context, rest.pop(0))
                assert command is not None, line
            known = {flag for each in command.params for flag in (*each.opts, *each.secondary_opts)}
        for word in rest:
            if word.startswith("--"):
                assert word.partition("=")[0] in known, f"{line}: {word}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists() or (page.parent / target).resolve() in MADE, target
