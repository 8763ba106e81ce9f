"""One step: in parts, in another arithmetic, compiled, and clipped."""

import shutil

import pytest
import torch

from schemas.errors import UsageError
from tests.trainers.fitting import MakeJob, fit
from trainers.checkpoints.checkpoint import read_checkpoint
from trainers.contracts import MODEL_FILE


def test_more_processes_or_parts_change_nothing_but_rounding(make_job: MakeJob) -> None:
    curves = []
    for parts in (1, 3):
        trained = fit(make_job(horizon=2), "p6", accumulate=parts, dropout=0.0, log_every=1)
        assert trained.history is not None
        curves.append([s.figures["loss"] for epoch in trained.history.epochs for s in epoch.steps])
    assert curves[0] == pytest.approx(curves[1], abs=1e-6)


def test_bf16_trains_like_fp32(make_job: MakeJob) -> None:
    losses = []
    for precision in ("fp32", "bf16"):
        history = fit(make_job(horizon=2), "p6b", precision=precision, dropout=0.0).history
        assert history is not None
        losses.append(history.epochs[-1].steps[-1].figures["mse"])
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore")  # of the compiler's own parts
def test_a_compiled_module_learns_the_same(make_job: MakeJob) -> None:
    curves = []
    for compiled in (False, True):
        knobs = {"architecture": "amn", "layers": None, "heads": None, "compile": compiled, "log_every": 1}
        trained = fit(make_job(horizon=2), "p6", epochs=1, **knobs)
        assert trained.history is not None
        curves.append([steps.figures["loss"] for steps in trained.history.epochs[0].steps])
    assert curves[0] == pytest.approx(curves[1], abs=1e-5)


def test_a_machine_that_cannot_compile_says_so(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(module: torch.nn.Module) -> object:
        def call(contexts: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("No working C++ compiler\nfound")

        return call

    monkeypatch.setattr(torch, "compile", broken)
    with pytest.raises(
        UsageError, match=r"^--compile does not work on this machine: No working C\+\+ compiler$"
    ):
        fit(make_job(horizon=2), "p6", compile=True)


def test_the_gradient_is_clipped(make_job: MakeJob) -> None:
    # With a clip of next to nothing AdamW still steps by the learning rate, but not the same way.
    states = []
    for clip in (1.0, 1e-9):
        job = make_job(horizon=2)
        fit(job, "p6", clip=clip, epochs=1)
        states.append(read_checkpoint((job.folder / MODEL_FILE).read_bytes(), MODEL_FILE).state)
    assert any(not torch.equal(tensor, states[1][key]) for key, tensor in states[0].items())
