"""``gatekeeper.check``: the decision of the command, from Python."""

from pathlib import Path

import pytest

import gatekeeper as gk
from schemas.errors import ReportError, UsageError
from tests.gatekeeper.api.test_evaluate import save_linear
from tests.gatekeeper.worlds import Turn


def test_an_evaluation_and_its_file_get_the_same_decision(knows: gk.Evaluation, tmp_path: Path) -> None:
    knows.save(tmp_path / "m.json")
    for report in (knows, tmp_path / "m.json", str(tmp_path / "m.json")):
        decision = gk.check(report)
        assert isinstance(decision, gk.Decision)
        assert (decision.deployable, decision.reasons) == (True, ())
        assert any("no model file was given" in note for note in decision.notes)
        assert decision.policy.name == "seed-5cat"


def test_a_model_is_bound_by_its_bytes(data: gk.Data, knows: gk.Evaluation, tmp_path: Path) -> None:
    model = save_linear(tmp_path / "m.pt")
    decision = gk.check(gk.evaluate(model, data), model=model, policy="strict-5cat")
    assert not decision.deployable
    assert decision.reasons
    assert decision.model_sha256 is not None
    with pytest.raises(ReportError, match="is about Turn, which is no model file"):
        gk.check(knows, model=model)


def test_a_contradiction_is_told(knows: gk.Evaluation) -> None:
    with pytest.raises(UsageError, match="expected an evaluation, or the file of a report, found None"):
        gk.check(None)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"expected model=, the path of a file, found Turn\(\)"):
        gk.check(knows, model=Turn())  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="expected policy=, a built-in policy or a TOML file, found 3"):
        gk.check(knows, policy=3)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="champion= names one and first= says there is none"):
        gk.check(knows, champion=knows, first=True)
    with pytest.raises(UsageError, match="sed-5cat"):
        gk.check(knows, policy="sed-5cat")
