"""Reports as tidy rows."""

import builtins
from typing import Any

import pytest

import gatekeeper as gk
from schemas.records.evidence import RIVALS
from schemas.records.metrics import BITS_KNOWN
from tests.gatekeeper.worlds import Turn, rotating_data


def test_a_frame_holds_every_metric_of_the_model_and_the_controls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    knows = gk.evaluate(Turn(), rotating_data(), max_samples=120)
    frame = knows.to_frame()
    row = frame.query("predictor == 'model' and metric == 'offset_sweep.margin' and split == 'val'")
    assert row["value"].item() == knows.metric("offset_sweep.margin").value
    gained = {f"model - {name}" for name in RIVALS}
    assert set(frame["predictor"]) == {"model", *knows.report.evidence.controls, *gained}
    gain = frame.query(f"predictor == 'model - ridge' and metric == '{BITS_KNOWN}' and split == 'ood'")
    assert gain["value"].item() == knows.report.evidence.gains["ridge"]["ood"][BITS_KNOWN].value
    real = builtins.__import__

    def without_pandas(name: str, *rest: Any, **more: Any) -> Any:  # noqa: ANN401  (the signature of import)
        if name == "pandas":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_pandas)
    rows = knows.to_frame()
    assert len(rows) == len(frame)
    assert list(rows[0]) == list(frame.columns)
