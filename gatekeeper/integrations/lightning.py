"""The gates after the epochs of a Lightning training."""

from typing import Any

from gatekeeper.config.extras import from_extra
from gatekeeper.integrations.best_weights import BestWeights

with from_extra("lightning"):
    from lightning.pytorch import Callback


class GateCallback(BestWeights, Callback):  # type: ignore[misc]  # the package is untyped
    """Logs the gates of each epoch, keeps the weights they prefer, and can stop the training.

    It takes what :class:`~gatekeeper.integrations.best_weights.BestWeights` takes. The metrics go where
    ``self.log`` of a module goes, as ``gatekeeper/val/margin`` and the like. Of several processes each
    measures the same weights, and all stop together. A checkpoint has the best weights, or what was measured
    of those in ``keep``, and a resumed training goes on from there.

    ::

        gates = gatekeeper.integrations.lightning.GateCallback(gatekeeper.Probe(data), patience=3)
        Trainer(callbacks=[gates]).fit(module, loader)
        gates.load_best(module)
    """

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ANN401  (untyped package)
        """Measure, log, keep, and ask for the end where it is due."""
        metrics = self.measure(pl_module, trainer.current_epoch + 1, write=trainer.is_global_zero)
        pl_module.log_dict(metrics, sync_dist=True)
        if trainer.strategy.reduce_boolean_decision(self.done, all=False):
            trainer.should_stop = True
