"""What the callbacks of all frameworks share."""

from pathlib import Path

import pytest
from torch import nn

from gatekeeper.integrations.best_weights import BestWeights
from gatekeeper.probe import Probe
from schemas.errors import ModelError, UsageError
from tests.gatekeeper.worlds import Learner, Turn, rotating_data


@pytest.fixture(scope="module")
def probe() -> Probe:
    return Probe(rotating_data(), samples=120)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": 0}, "every= must be a whole number of at least 1; found 0"),
        ({"every": 1.5}, "every= must be a whole number of at least 1; found 1.5"),
        ({"patience": "3"}, "patience= must be a whole number of at least 1; found '3'"),
        ({"keep": "nowhere/best.pt"}, "keep='nowhere/best.pt': the folder nowhere does not exist"),
        ({"keep": "."}, "keep='.' is a folder; name a file in it, such as best.pt"),
        ({"keep": 3}, "expected keep=, the path of a file, found 3"),
    ],
)
def test_a_wrong_option_is_told(
    probe: Probe, options: dict[str, object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        BestWeights(probe, **options)  # type: ignore[arg-type]  # what a test passes


def test_what_is_no_probe_is_told_at_once() -> None:
    with pytest.raises(UsageError, match=r"a callback takes a gatekeeper\.Probe; found <Data arrays"):
        BestWeights(rotating_data())  # type: ignore[arg-type]


def test_weights_that_cannot_be_loaded_are_told_in_one_line(probe: Probe, tmp_path: Path) -> None:
    file = tmp_path / "best.pt"
    kept = BestWeights(probe, keep=file)
    kept.measure(Learner(), 1)
    with pytest.raises(ModelError, match=r"the best weights of .*best\.pt cannot be loaded: ") as caught:
        kept.load_best(nn.Linear(3, 3))
    assert "\n" not in str(caught.value)
    file.write_text("junk")
    with pytest.raises(ModelError, match="cannot be loaded: "):
        kept.load_best(Learner())
    file.unlink()
    with pytest.raises(ModelError, match=r"cannot be loaded: .*No such file"):
        kept.load_best(Learner())


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


@pytest.mark.parametrize("state", [{}, {"progress": {"best": None}}, {"progress": 3, "weights": {}}])
def test_a_state_of_something_else_is_told(probe: Probe, state: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="the callback's state: "):
        BestWeights(probe).load_state_dict(state)
