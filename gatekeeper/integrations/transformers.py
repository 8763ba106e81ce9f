"""The gates after the epochs of a training by the Trainer of Transformers."""

from typing import Any

from gatekeeper.config.extras import from_extra
from gatekeeper.integrations.best_weights import BestWeights

with from_extra("transformers"):
    from transformers.trainer_callback import TrainerCallback


class GateCallback(BestWeights, TrainerCallback):  # type: ignore[misc]  # the package is untyped
    """Records the gates of each epoch, keeps the weights they prefer, and can stop the training.

    It takes what :class:`~gatekeeper.integrations.best_weights.BestWeights` takes. The metrics go into
    ``trainer.state.log_history``, as ``gatekeeper/val/margin`` and the like; after :meth:`report_to` also to
    whatever the trainer reports to. Of several processes each measures the same weights. A checkpoint has
    what was measured of the weights in ``keep``, and a resumed training overwrites them with better ones
    only; without ``keep`` the best weights are the best since it was resumed.

    ::

        gates = gatekeeper.integrations.transformers.GateCallback(gatekeeper.Probe(data, output="logits"))
        trainer = Trainer(model, arguments, train_dataset=windows, callbacks=[gates])
        gates.report_to(trainer)
        trainer.train()
        gates.load_best(model)
    """

    _log: Any = None

    def report_to(self, trainer: Any) -> None:  # noqa: ANN401  (untyped package)
        """Log through a trainer: a callback is not told whose it is, so it cannot reach its loggers."""
        self._log = trainer.log

    def on_train_begin(self, args: Any, state: Any, control: Any, **others: object) -> None:  # noqa: ANN401
        """Go on from a checkpoint, where the training does."""
        progress = state.stateful_callbacks.get(self.state_key)
        if progress is not None:
            self.load_state_dict({"progress": progress})

    def on_epoch_end(self, args: Any, state: Any, control: Any, *, model: Any, **others: object) -> Any:  # noqa: ANN401
        """Measure, log, keep, and ask for the end where it is due."""
        metrics = self.measure(model, max(1, round(state.epoch)), write=state.is_world_process_zero)
        if metrics and self._log is not None:
            self._log(metrics)
        elif metrics:
            state.log_history.append({**metrics, "epoch": state.epoch, "step": state.global_step})
        if self.keep is not None:
            state.stateful_callbacks[self.state_key] = self.state_dict()["progress"]
        control.should_training_stop |= self.done
        return control
