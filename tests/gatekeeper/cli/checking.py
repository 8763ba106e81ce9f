"""What the tests of ``gatekeeper check`` share: names of files, and what is found in an output."""

from collections.abc import Callable
from datetime import datetime

import click.testing

from tests.gatekeeper.forgery import MARGIN, Files, forge, measured

Run = Callable[..., click.testing.Result]

REPORT, MODEL = "best.report.json", "best.pt"
FORMATS = ("table", "json", "markdown", "junit", "github")
BELOW = "offset_sweep.margin on val is 0.030 [0.020, 0.040], below the required 0.050"

RULES = """
[[champion]]
metric = "offset_sweep.margin"
splits = ["val", "ood"]
min_gain = 0.05
decide = "{decide}"
"""


def block(files: Files) -> None:
    """Make the report one of a model that is not good enough in one figure."""
    forge(measured(files.read(), MARGIN, "val", value=0.03), files.report)


def told(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def section(output: str, title: str) -> list[str]:
    """The lines that follow a title, until the paragraph ends."""
    lines = [*output.splitlines(), ""]
    start = lines.index(title) + 1
    return lines[start : lines.index("", start)]


def rules(files: Files, decide: str = "point") -> str:
    return str(files.policy(RULES.format(decide=decide)))
