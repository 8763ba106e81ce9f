"""Releases for people."""

from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from schemas.records.production import Production
from schemas.text import printable


def render_release(production: Production, folder: Path) -> str:
    """What is in production now, in one line."""
    done = "deployed" if production.action == "deploy" else f"rolled back to release {production.restores}:"
    return (
        f"{done} model {production.model.sha256[:12]} as release {production.release}; "
        f"it is "
        f"{printable(str(folder / 'current' / production.model.file))}"
    )


def render_history(releases: Sequence[Production]) -> str:
    """All releases as a table, in the order given."""
    if not releases:
        return "nothing was deployed yet"
    rows = [
        [
            each.release,
            each.deployed,
            each.action if each.restores is None else f"rollback to {each.restores}",
            each.model.sha256[:12],
            each.report_sha256[:12],
            printable(
                each.policy.name
                if each.policy.source == "built-in"
                else f"{each.policy.name} ({each.policy.source})"
            ),
            "-" if each.signer is None else each.signer[:12],
        ]
        for each in releases
    ]
    headers = ("release", "time", "action", "model", "report", "policy", "signed by")
    return tabulate(rows, headers=headers, disable_numparse=True)
