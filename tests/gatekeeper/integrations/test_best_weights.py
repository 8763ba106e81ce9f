"""What the callbacks of all frameworks share."""

from pathlib import Path

import pytest
from torch import nn

from gatekeeper.integrations.best_weights import BestWeights
from gatekeeper.probe import Probe
from schemas.errors import UsageError
from tests.gatekeeper.worlds import Turn, rotating_data


@pytest.fixture(scope="module")
def probe() -> Probe:
    return Probe(rotating_data(), samples=120)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": 0}, "every must be at least 1; found 0"),
        ({"patience": 0}, "patience must be at least 1; found 0"),
        ({"keep": "nowhere/best.pt"}, "keep='nowhere/best.pt': the folder nowhere does not exist"),
    ],
)
def test_a_wrong_option_is_told(
    probe: Probe, options: dict[str, object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        BestWeights(probe, **options)  # type: ignore[arg-type]  # what a test passes


def test_a_part_that_is_not_there_is_told(probe: Probe) -> None:
    model = nn.Sequential(Turn())
    with pytest.raises(UsageError, match="module='model': Sequential has no such part; found '0'"):
        BestWeights(probe, module="model").measure(model, 1)
    assert BestWeights(probe, module="0").measure(model, 1)["gatekeeper/gates/escaped"] == 0.0


def test_without_a_measurement_there_are_no_best_weights(probe: Probe) -> None:
    weights = BestWeights(probe, every=2)
    assert weights.measure(Turn(), 1) == {}
    assert not weights.done
    with pytest.raises(UsageError, match="no best weights yet"):
        weights.load_best(Turn())
