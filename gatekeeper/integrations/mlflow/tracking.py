"""A training run as a run of MLflow's tracking: parameters, metrics of each epoch, artifacts."""

import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatekeeper.integrations.mlflow.client import new_client, silenced
from gatekeeper.training.curves import epoch_figures, epoch_means, final_figures
from gatekeeper.training.recorder import End, Recorder
from schemas.errors import GatekeeperError, OutputError
from schemas.records.history import Epoch
from schemas.text import one_line
from trainers.contracts import RunStart

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LONGEST = 500  # characters of a parameter; older servers take no more


@dataclass(frozen=True)
class RunKey:
    """Where a run is kept.

    Attributes:
        run: its id. uri: of the store.
    """

    run: str
    uri: str


def start_run(experiment: str, name: str, params: Mapping[str, object]) -> RunKey:
    """Make a run in the store that ``MLFLOW_TRACKING_URI`` names (MLflow's own default without).

    Args:
        experiment: made where there is none of that name.
        name: of the run, for people.
        params: everything the training depends on.

    Raises:
        UsageError: MLflow is not installed. OutputError: the store cannot be written.
    """
    try:
        with silenced():
            client = new_client()
            found = client.get_experiment_by_name(experiment)
            place = client.create_experiment(experiment) if found is None else found.experiment_id
            run = client.create_run(place, run_name=name).info.run_id
            from mlflow.entities import Param

            texts = {key: str(value)[:_LONGEST] for key, value in params.items()}
            client.log_batch(run, params=[Param(key, text) for key, text in texts.items()])
            return RunKey(run, str(client.tracking_uri))
    except GatekeeperError:
        raise
    except Exception as error:  # noqa: BLE001  (stores are plug-ins and raise what they like)
        raise OutputError(
            f"MLflow failed: {one_line(error)}; set MLFLOW_TRACKING_URI to a store that can be reached, "
            "or leave --mlflow out"
        ) from None


class MlflowRun(Recorder):
    """Logs to a run; the x axis counts epochs. What a resumed run repeats is not logged again."""

    def __init__(self, key: RunKey) -> None:
        self.key = key
        self._last: dict[str, int] = {}

    def begin(self, start: RunStart) -> None:
        """Go on with the run: look what it holds, and add what it misses."""
        with silenced():
            client = self._client
            client.update_run(self.key.run, status="RUNNING")
            for name in client.get_run(self.key.run).data.metrics:
                history = client.get_metric_history(self.key.run, name)
                self._last[name] = max(metric.step for metric in history)
        for record in start.done:
            self.epoch(record)

    def epoch(self, record: Epoch) -> None:
        """All figures of an epoch."""
        figures = epoch_means(record) | epoch_figures(record)
        fresh = {key: value for key, value in figures.items() if self._last.get(key, 0) < record.epoch}
        with silenced():
            self._log(self._client, fresh, record.epoch)
        self._last |= dict.fromkeys(fresh, record.epoch)

    def close(self, end: End) -> None:
        """Upload what the run left, with the figures of the final evaluation, and end it."""
        with silenced():
            client = self._client
            for file in end.files:
                client.log_artifact(self.key.run, str(file))
            if end.report is not None:
                client.set_tag(self.key.run, "gatekeeper.outcome", end.report.judgement.verdict.outcome)
                self._log(client, final_figures(end.report), 0)
            client.set_terminated(self.key.run, end.ending)

    def _log(self, client: "MlflowClient", figures: Mapping[str, float], epoch: int) -> None:
        from mlflow.entities import Metric

        if figures:
            now = int(time.time() * 1000)
            metrics = [Metric(key, value, now, epoch) for key, value in figures.items()]
            client.log_batch(self.key.run, metrics=metrics)

    @functools.cached_property
    def _client(self) -> "MlflowClient":
        return new_client(self.key.uri)
