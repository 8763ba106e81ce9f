"""The callback in trainings of the real Lightning."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from gatekeeper.integrations.lightning import GateCallback
from gatekeeper.probe import Probe
from schemas.errors import UsageError
from tests.gatekeeper.worlds import Learner, rotating_data, windows

L = pytest.importorskip("lightning.pytorch")

# Lightning's own, of torch and of the machine.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec.* is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The 'train_dataloader' does not have many workers"),
]


class Module(L.LightningModule):  # type: ignore[misc,name-defined]  # the package is untyped
    """The learner in Lightning's clothes; it answers in ``model`` alone."""

    def __init__(self, rate: float = 1e-2) -> None:
        super().__init__()
        self.model, self.rate = Learner(), rate
        if not rate:  # nothing of it shall move
            self.model.norm.momentum = 0.0

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], index: int) -> torch.Tensor:
        return nn.functional.mse_loss(self.model(batch[0]), batch[1])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=self.rate)


@pytest.fixture(scope="module")
def probe() -> Probe:
    return Probe(rotating_data(), samples=120)


def fit(
    *callbacks: Any,  # noqa: ANN401
    epochs: int = 3,
    rate: float = 1e-2,
    checkpoint: Path | None = None,
    weights_only: bool | None = None,
    **options: Any,  # noqa: ANN401
) -> tuple[Any, Module]:
    """The trainer and the module after a training."""
    torch.manual_seed(0)
    module = Module(rate)
    trainer = L.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        callbacks=list(callbacks),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **{"logger": False, **options},
    )
    loader = DataLoader(TensorDataset(*windows(0, 6)), batch_size=64, shuffle=True)
    trainer.fit(module, loader, ckpt_path=checkpoint, weights_only=weights_only)
    return trainer, module


def test_a_training_is_the_same_to_the_bit_with_the_callback_and_without(probe: Probe) -> None:
    (_, with_gates), (_, without) = fit(GateCallback(probe, module="model")), fit()
    expected = without.state_dict()
    assert all(torch.equal(found, expected[name]) for name, found in with_gates.state_dict().items())


def test_the_metrics_of_each_measured_epoch_are_logged_under_flat_names(probe: Probe, tmp_path: Path) -> None:
    class Listening(GateCallback):
        heard: list[float] = []  # noqa: RUF012  (of one run)

        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401
            self.heard.append(float(trainer.callback_metrics.get("gatekeeper/val/margin", -9.0)))

    gates = Listening(probe, module="model", every=2)
    trainer, _ = fit(gates, epochs=4, logger=L.loggers.CSVLogger(tmp_path), log_every_n_steps=1)
    assert gates.last is not None
    logged = {f"gatekeeper/{name}" for name in gates.last.metrics}
    assert logged >= {"gatekeeper/val/margin", "gatekeeper/ood/recall", "gatekeeper/gates/passed"}
    assert logged <= trainer.callback_metrics.keys()
    assert float(trainer.callback_metrics["gatekeeper/val/margin"]) == pytest.approx(
        gates.last.metrics["val/margin"]
    )
    assert gates.heard[:2] == [-9.0, -9.0]
    assert gates.heard[2] != -9.0
    header = next(tmp_path.rglob("metrics.csv")).read_text().splitlines()[0]
    assert "gatekeeper/val/margin" in header


@pytest.mark.parametrize("on_disk", [True, False])
def test_the_best_weights_are_kept_and_come_back(probe: Probe, tmp_path: Path, on_disk: bool) -> None:
    place = tmp_path / "best.pt" if on_disk else None
    gates = GateCallback(probe, module="model", keep=place)
    seen: list[tuple[Any, dict[str, torch.Tensor]]] = []

    class Beside(L.Callback):  # type: ignore[misc,name-defined]
        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401
            seen.append((gates.last, {name: value.clone() for name, value in pl_module.state_dict().items()}))

    _, module = fit(gates, Beside(), epochs=3, rate=0.3)
    best = max(seen, key=lambda each: each[0].found.standing)
    assert gates.best is best[0]
    assert gates.best_epoch == 1 + seen.index(best)
    gates.load_best(module)
    assert all(torch.equal(value, best[1][name]) for name, value in module.state_dict().items())
    assert not on_disk or torch.load(tmp_path / "best.pt", weights_only=True).keys() == best[1].keys()


def test_a_training_stops_when_nothing_gets_better_or_the_model_escapes(probe: Probe) -> None:
    patient = GateCallback(probe, module="model", patience=2)
    trainer, _ = fit(patient, epochs=9, rate=0.0)
    assert (trainer.current_epoch, patient.best_epoch) == (3, 1)
    escaping = GateCallback(probe, module="model", stop_escaped=True)
    trainer, _ = fit(escaping, epochs=3, rate=0.0)
    assert escaping.last is not None
    assert trainer.current_epoch == (1 if escaping.last.escaped else 3)


class Ruin(L.Callback):  # type: ignore[misc,name-defined]
    """Lets no epoch end with weights that are of any use."""

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401
        with torch.no_grad():
            for parameter in pl_module.parameters():
                parameter.fill_(1.0)


def test_a_resumed_training_keeps_its_best_weights_until_there_are_better(
    probe: Probe, tmp_path: Path
) -> None:
    file, checkpoint = tmp_path / "best.pt", tmp_path / "last.ckpt"

    def gates() -> list[GateCallback]:
        return [
            GateCallback(probe, module="model", keep=file, patience=4),
            GateCallback(probe, module="model", patience=4),
        ]

    before = gates()
    trainer, _ = fit(*before, epochs=2)
    trainer.save_checkpoint(checkpoint)
    kept = torch.load(file, weights_only=True)
    after = gates()
    trainer, module = fit(Ruin(), *after, epochs=9, checkpoint=checkpoint, weights_only=True)
    for mine, theirs in zip(after, before, strict=True):
        assert mine.best is not None
        assert theirs.best is not None
        assert (mine.best.found, mine.best_epoch) == (theirs.best.found, theirs.best_epoch)
        mine.load_best(module)
        assert all(torch.equal(value, kept[name]) for name, value in module.state_dict().items())
    assert after[0].best_epoch is not None
    assert trainer.current_epoch == after[0].best_epoch + 4  # patience goes on where it was
    file.unlink()
    afresh = gates()
    fit(Ruin(), *afresh, epochs=3, checkpoint=checkpoint, weights_only=True)
    assert (afresh[0].best_epoch, file.is_file()) == (3, True)  # what is gone is no better than anything


def test_a_missing_package_is_one_sentence_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightning.pytorch", None)
    monkeypatch.delitem(sys.modules, "gatekeeper.integrations.lightning")
    message = r"^lightning is not installed; pip install 'gatekeeper-5cat\[lightning\]'$"
    with pytest.raises(UsageError, match=message):
        import gatekeeper.integrations.lightning  # noqa: F401
