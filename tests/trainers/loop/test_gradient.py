"""A gradient recipe: what is refused before anything is trained."""

import pytest
import torch
from torch import nn

from schemas.errors import GatekeeperError
from tests.trainers.fitting import MakeJob, settings
from trainers.loop.gradient import GradientTrainer
from trainers.loop.settings import GradientSettings
from trainers.recipes.mse import P6, MeanSquaredError
from trainers.recipes.p6b import TRAINER as P6B


def test_the_settings_name_the_architecture() -> None:
    assert P6.architecture_of(GradientSettings()) == "transformer"
    assert P6.architecture_of(GradientSettings(architecture="gru")) == "gru"


def test_a_check_builds_the_module_without_storage(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices: list[str] = []
    whole = nn.Linear.reset_parameters

    def watched(self: nn.Linear) -> None:
        devices.append(self.weight.device.type)
        whole(self)

    monkeypatch.setattr(nn.Linear, "reset_parameters", watched)
    P6.check(make_job().dataset, settings("p6"))
    assert set(devices) == {"meta"}
    assert torch.ones(1).device.type == "cpu"


@pytest.mark.parametrize(
    ("trainer", "knobs", "words"),
    [
        (P6, {"architecture": "gru"}, "architecture 'gru' has no size 'heads'"),
        (P6, {"architecture": "mlp"}, "unknown architecture 'mlp'"),
        (P6B, {"prev": "context[-9]"}, "context"),
    ],
)
def test_a_check_refuses_what_a_training_would(
    trainer: GradientTrainer, knobs: dict[str, object], words: str, make_job: MakeJob
) -> None:
    job = make_job()
    with pytest.raises(GatekeeperError, match=words):
        trainer.check(job.dataset, settings(trainer.name, **knobs))
    assert list(job.folder.iterdir()) == []


def test_a_training_goes_by_the_objective_of_its_settings(make_job: MakeJob) -> None:
    made: list[tuple[object, object]] = []

    def make(chosen: GradientSettings, dataset: object) -> MeanSquaredError:
        made.append((chosen, dataset))
        return MeanSquaredError("OWN")

    own = GradientTrainer("own", "One of one's own.", 2, GradientSettings, make)
    lines: list[str] = []
    job, chosen = make_job(log=lines.append), settings("p6", epochs=1)
    trained = own.fit(job, chosen)
    assert made == [(chosen, job.dataset)]
    assert trained.summary == "own: all 1 epochs done; the weights kept are those of epoch 1"
    assert any(line.startswith("[OWN] mse=") for line in lines)


def test_a_training_ends_where_patience_does(make_job: MakeJob) -> None:
    """With a learning rate of next to nothing the weights stay as they are, so none are better."""
    trained = P6.fit(make_job(), settings("p6", epochs=9, lr=1e-30, dropout=0.0, patience=2))
    assert trained.history is not None
    assert trained.history.ended == "no better weights in the last 2 of 3 epochs"
    assert (len(trained.history.epochs), trained.history.best_epoch) == (3, 1)
