"""What the command line calls MODEL, made ready to be measured."""

import re
from collections.abc import Mapping
from pathlib import Path

import torch

from gatekeeper.cli.voice import say
from gatekeeper.evaluation.assemble import Candidate
from gatekeeper.evaluation.controls import control_name
from gatekeeper.evaluation.model import load_model
from gates.contracts import Predictor
from schemas.records.report import ModelInput


def control_candidate(spec: str, controls: Mapping[str, Predictor]) -> Candidate:
    """A built-in control as the model under evaluation."""
    name = control_name(spec)
    return Candidate(
        predictor=controls[name],
        info=ModelInput(
            spec=spec,
            kind="control",
            architecture=name,
            sha256=None,
            format=None,
            prefix=None,
            parameters=0,
            fingerprint="not applicable",
            training=None,
        ),
        horizon=None,
        context=None,
        default_report=default_report(spec),
    )


def load_candidate(spec: str, *, device: torch.device, dimension: int, allow_code: bool) -> Candidate:
    """A checkpoint, exported program or factory as the model under evaluation."""
    model = load_model(spec, device=device, dimension=dimension, allow_code=allow_code)
    for note in model.notes:
        say(f"note: {note}")
    return Candidate(
        predictor=model.predictor,
        info=model.info,
        horizon=model.horizon,
        context=model.context,
        default_report=default_report(spec),
    )


def default_report(spec: str) -> Path:
    """Beside a model file, else in the working directory: ``<model>.report.json``."""
    path = Path(spec)
    if path.is_file():
        return path.with_name(f"{path.stem}.report.json")
    return Path(f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', spec)}.report.json")
