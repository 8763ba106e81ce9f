"""The two gates that must refuse everything in the bypass catalogue."""

from pathlib import Path

import click.testing

from schemas.records.report import Report
from tests.gatekeeper.forgery import (
    MARGIN,
    Files,
    invoke,
    measured,
    refusal,
)

BELOW = "offset_sweep.margin on val is 0.030 [0.020, 0.040], below the required 0.050"


class Gate:
    """``check`` or ``deploy``, asked to let the model of the report through."""

    def __init__(self, name: str) -> None:
        self.name = name

    def arguments(self, files: Files, *more: str | Path) -> list[str | Path]:
        if self.name == "check":
            return ["check", files.report, "--model", files.model, *more]
        return ["deploy", files.model, "--report", files.report, "--to", files.production, *more]

    def ask(self, files: Files, *more: str | Path) -> click.testing.Result:
        return invoke(*self.arguments(files, *more))

    def refuse(self, files: Files, *more: str | Path) -> str:
        """The refusal, however its lines are broken; nothing was put into production."""
        message = " ".join(refusal(self.ask(files, *more)).split())
        assert not (files.production / "current").exists()
        assert not (files.production / "PRODUCTION.json").exists()
        return message


def blocked(report: Report) -> Report:
    """The honest report of a model that is not good enough, in one figure only."""
    return measured(report, MARGIN, "val", value=0.03)


def sign(files: Files, key: Path | None = None) -> None:
    assert invoke("sign", files.report, "--key", key or files.key).exit_code == 0
