"""The callback in trainings by the real Trainer of Transformers."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from gatekeeper.integrations.transformers import GateCallback
from gatekeeper.probe import Probe
from schemas.errors import UsageError
from tests.gatekeeper.worlds import Learner, rotating_data, windows

pytest.importorskip("accelerate")


class Model(nn.Module):
    """The learner as the Trainer wants it: it returns its loss beside the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.learner = Learner()

    def forward(self, contexts: torch.Tensor, labels: torch.Tensor | None = None) -> dict[str, Any]:
        answer = self.learner(contexts)
        loss = None if labels is None else nn.functional.mse_loss(answer, labels)
        return {"loss": loss, "logits": answer[:, None]}


class Windows(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    """Contexts and targets by the names the model knows."""

    def __init__(self) -> None:
        self.contexts, self.targets = windows(0, 6)

    def __len__(self) -> int:
        return len(self.contexts)

    def __getitem__(self, place: int) -> dict[str, torch.Tensor]:
        return {"contexts": self.contexts[place], "labels": self.targets[place]}


@pytest.fixture(scope="module")
def probe() -> Probe:
    return Probe(rotating_data(), samples=120, output="logits")


def make(
    folder: Path,
    *callbacks: Any,  # noqa: ANN401
    epochs: int = 3,
    rate: float = 1e-2,
    save_strategy: str = "no",
) -> Any:  # noqa: ANN401
    """A trainer of a new model."""
    from transformers import Trainer, TrainingArguments

    torch.manual_seed(0)
    arguments = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=epochs,
        learning_rate=rate,
        per_device_train_batch_size=64,
        save_strategy=save_strategy,
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        dataloader_pin_memory=False,
    )
    return Trainer(Model(), arguments, train_dataset=Windows(), callbacks=list(callbacks))


def test_a_training_is_the_same_to_the_bit_with_the_callback_and_without(
    probe: Probe, tmp_path: Path
) -> None:
    with_gates = make(tmp_path, GateCallback(probe))
    with_gates.train()
    without = make(tmp_path)
    without.train()
    expected = without.model.state_dict()
    found = with_gates.model.state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_the_metrics_are_in_the_history_and_the_best_weights_come_back(probe: Probe, tmp_path: Path) -> None:
    gates = GateCallback(probe, keep=tmp_path / "best.pt")
    trainer = make(tmp_path, gates)
    trainer.train()
    rows = [row for row in trainer.state.log_history if "gatekeeper/val/margin" in row]
    assert [round(row["epoch"]) for row in rows] == [1, 2, 3]
    assert gates.last is not None
    assert rows[-1]["gatekeeper/gates/passed"] == gates.last.metrics["gates/passed"]
    gates.load_best(trainer.model)
    assert gates.best is not None
    again = probe(trainer.model)
    assert again.found.standing == gates.best.found.standing


def test_a_trainer_that_is_reported_to_passes_the_metrics_on(probe: Probe, tmp_path: Path) -> None:
    from transformers import TrainerCallback

    class Reporter(TrainerCallback):  # type: ignore[misc]  # untyped here
        heard: list[dict[str, float]] = []  # noqa: RUF012  (of one run)

        def on_log(self, args: Any, state: Any, control: Any, **more: Any) -> None:  # noqa: ANN401
            self.heard.append(more["logs"])

    gates = GateCallback(probe)
    trainer = make(tmp_path, Reporter(), gates, epochs=1)
    gates.report_to(trainer)
    trainer.train()
    assert sum("gatekeeper/val/margin" in logs for logs in Reporter.heard) == 1
    assert sum("gatekeeper/val/margin" in row for row in trainer.state.log_history) == 1


def test_a_training_stops_when_nothing_gets_better(probe: Probe, tmp_path: Path) -> None:
    gates = GateCallback(probe, patience=2)
    trainer = make(tmp_path, gates, epochs=9, rate=0.0)
    trainer.model.learner.norm.momentum = 0.0  # nothing moves
    trainer.train()
    assert (round(trainer.state.epoch), gates.best_epoch) == (3, 1)


def test_a_resumed_training_overwrites_kept_weights_with_better_ones_only(
    probe: Probe, tmp_path: Path
) -> None:
    from transformers import TrainerCallback

    class Ruin(TrainerCallback):  # type: ignore[misc]  # untyped here
        def on_epoch_end(self, args: Any, state: Any, control: Any, *, model: Any, **more: Any) -> None:  # noqa: ANN401
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.fill_(1.0)

    file = tmp_path / "best.pt"
    before = GateCallback(probe, keep=file)
    make(tmp_path, before, epochs=2, save_strategy="epoch").train()
    kept = torch.load(file, weights_only=True)
    after = GateCallback(probe, keep=file, patience=4)
    trainer = make(tmp_path, Ruin(), after, GateCallback(probe), epochs=9)
    trainer.train(resume_from_checkpoint=True)
    assert before.best is not None
    assert after.best is not None
    assert (after.best.found, after.best_epoch) == (before.best.found, before.best_epoch)
    assert after.best_epoch is not None
    assert round(trainer.state.epoch) == after.best_epoch + 4
    after.load_best(trainer.model)
    assert all(torch.equal(value, kept[name]) for name, value in trainer.model.state_dict().items())


def test_a_missing_package_is_one_sentence_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers.trainer_callback", None)
    monkeypatch.delitem(sys.modules, "gatekeeper.integrations.transformers")
    message = r"^transformers is not installed; pip install 'gatekeeper-5cat\[transformers\]'$"
    with pytest.raises(UsageError, match=message):
        import gatekeeper.integrations.transformers  # noqa: F401
