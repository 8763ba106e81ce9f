"""Versions in MLflow's model registry for people."""

from collections.abc import Sequence

from tabulate import tabulate

from gatekeeper.integrations.mlflow.registry import MlflowTarget, Version
from schemas.text import printable


def render_version(version: Version, target: MlflowTarget, *, restored: bool = False) -> str:
    """What is in production now, in one line."""
    model = f"model {printable(version.model_sha256[:12])}"
    done = (
        f"rolled back to version {version.number}: {model}"
        if restored
        else f"deployed {model} as version {version.number}"
    )
    return f"{done}; it is models:/{target.name}@{target.alias}"


def render_versions(versions: Sequence[Version]) -> str:
    """All versions as a table, in the order given."""
    if not versions:
        return "nothing was deployed yet"
    rows = [
        [
            each.number,
            printable(each.deployed),
            printable(each.left or "in production"),
            printable(each.model_sha256[:12]),
            printable(each.report_sha256[:12]),
            printable(each.policy),
            "-" if each.signer is None else printable(each.signer[:12]),
        ]
        for each in versions
    ]
    headers = ("version", "deployed", "left", "model", "report", "policy", "signed by")
    return tabulate(rows, headers=headers, disable_numparse=True)
