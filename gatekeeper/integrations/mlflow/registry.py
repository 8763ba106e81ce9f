"""What a deployment asks of MLflow, through its public client: versions, tags, artifacts and one alias.

Whatever MLflow or a plug-in of its raises becomes one line.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gatekeeper.deployment.kept import REPORT
from gatekeeper.deployment.model_file import model_digest
from gatekeeper.deployment.submission import Submission, read_submission
from gatekeeper.deployment.target import Cleared, Release, ReleasedModel
from gatekeeper.integrations.mlflow.client import check_mlflow, new_client, silenced
from schemas.errors import GatekeeperError, ModelError, OutputError, ReportError, UsageError
from schemas.records.decision import PolicyUsed
from schemas.text import one_line

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

MODEL_FOLDER, REPORT_FOLDER = "model", "report"
MODEL_FILES = tuple(f"model{suffix}" for suffix in (".pt", ".pt2", ".safetensors", ".pth", ".bin"))
"""What a served model may be called; the last two are of versions that took the name for the format."""

SCHEME, TAG = "mlflow:", "gatekeeper."

_PAGE = 200


@dataclass(frozen=True)
class Stored:
    """A model version as MLflow has it, whoever made it: its run and its tags."""

    number: int
    run: str
    tags: Mapping[str, str]

    def tag(self, key: str) -> str | None:
        """A tag of ours."""
        return self.tags.get(TAG + key)


def described(stored: Stored) -> Release:
    """What the tags of a version say.

    Raises:
        ReportError: gatekeeper did not make the version, or its tags were damaged.
    """
    found = {key: stored.tag(key) or "" for key in _REQUIRED}
    missing = [key for key, value in found.items() if not value]
    predecessor = stored.tag("predecessor")
    if missing:
        raise ReportError(
            f"version {stored.number} has no tag {TAG}{missing[0]}, so gatekeeper did not deploy it; "
            "point the alias at one that it did"
        )
    if found["model_file"] not in MODEL_FILES:
        raise ReportError(f"version {stored.number} names the model file {found['model_file']!r:.80}")
    if predecessor is not None and not re.fullmatch("[0-9]{1,9}", predecessor):
        raise ReportError(f"version {stored.number} names the predecessor {predecessor!r:.80}, no version")
    return Release(
        release=stored.number,
        deployed=found["deployed"],
        model=ReleasedModel(found["model_file"], found["model_sha256"]),
        report_sha256=found["report_sha256"],
        signer=stored.tag("signer"),
        policy=PolicyUsed(found["policy"], found["policy_sha256"], ""),
        predecessor=None if predecessor is None else int(predecessor),
        left=stored.tag("left"),
    )


_REQUIRED = ("alias", "deployed", "model_file", "model_sha256", "report_sha256", "policy", "policy_sha256")


def tags(cleared: Cleared, alias: str, predecessor: int | None) -> dict[str, str]:
    """What is written of a version; :func:`described` reads it."""
    decision = cleared.decision
    fields = {
        "alias": alias,
        "deployed": decision.decided,
        "model_file": cleared.model.file,
        "model_sha256": cleared.model.sha256,
        "report_sha256": decision.report_sha256,
        "policy": decision.policy.name,
        "policy_sha256": decision.policy.sha256,
        "signer": decision.signer,
        "predecessor": predecessor,
    }
    return {TAG + key: str(value) for key, value in fields.items() if value is not None}


@contextlib.contextmanager
def connected(name: str, alias: str) -> Iterator["Registry"]:
    """The registry that MLflow's environment names (``MLFLOW_TRACKING_URI``).

    Args:
        name: of the registered model.
        alias: which of its versions is in production.

    Raises:
        UsageError: MLflow is not installed, or its environment names none.
        OutputError: anything else that goes wrong in MLflow or on the way to it.
    """
    try:
        with silenced():
            check_mlflow()
            if not os.environ.get("MLFLOW_TRACKING_URI"):
                # MLflow would make a new database here: every deployment would be a first one, and to
                # nowhere.
                raise UsageError("MLFLOW_TRACKING_URI is not set; set it to the tracking server's address")
            yield Registry(name, alias, new_client())
    except GatekeeperError:
        raise
    except Exception as error:  # noqa: BLE001  (artifact stores are plug-ins and raise what they like)
        raise OutputError(
            f"{SCHEME}{name}@{alias}: MLflow failed: {one_line(error)}; is MLFLOW_TRACKING_URI right?"
        ) from None


class Registry:
    """One registered model and one alias of it; made by :func:`connected`."""

    def __init__(self, name: str, alias: str, client: "MlflowClient") -> None:
        self._name, self._alias, self._client = name, alias, client

    def __str__(self) -> str:
        return f"{SCHEME}{self._name}@{self._alias}"

    def current(self) -> Stored | None:
        """What the alias points at; None if there is no such alias, or no such model."""
        # Not get_model_version_by_alias: for a missing alias it has no error of its own, and whatever
        # else went wrong must not be taken for a first deployment.
        from mlflow.exceptions import MlflowException

        try:
            aliases = self._client.get_registered_model(self._name).aliases
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise
        number = aliases.get(self._alias)
        return None if number is None else self.version(int(number))

    def version(self, number: int) -> Stored:
        """One version."""
        return _stored(self._client.get_model_version(self._name, str(number)))

    def versions(self) -> list[Stored]:
        """All versions, newest first."""
        found: list[Stored] = []
        token: str | None = ""
        while token is not None:
            page = self._client.search_model_versions(
                f"name='{self._name}'", max_results=_PAGE, page_token=token or None
            )
            found += map(_stored, page)
            token = page.token or None
        return sorted(found, key=lambda each: -each.number)

    def upload(self, folder: Path) -> str:
        """Log a folder with model and report as artifacts of a new run; its id."""
        name = f"gatekeeper/{self._name}"
        experiment = self._client.get_experiment_by_name(name)
        place = self._client.create_experiment(name) if experiment is None else experiment.experiment_id
        run: str = self._client.create_run(place, run_name=f"deploy to {self._alias}").info.run_id
        for part in (MODEL_FOLDER, REPORT_FOLDER):
            self._client.log_artifacts(run, str(folder / part), part)
        self._client.set_terminated(run)
        return run

    def register(self, run: str, tags: Mapping[str, str]) -> Stored:
        """Make a version of a run's model. No alias points at it."""
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(self._name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        source = f"runs:/{run}/{MODEL_FOLDER}"
        return _stored(self._client.create_model_version(self._name, source, run, tags=dict(tags)))

    def check_model(self, version: Release, folder: Path) -> None:
        """Download the model as whoever serves it would.

        Raises:
            ModelError: its digest differs.
        """
        from mlflow.artifacts import download_artifacts

        uri = f"models:/{self._name}/{version.release}/{version.model.file}"
        path = Path(download_artifacts(artifact_uri=uri, dst_path=str(folder / "stored")))
        if model_digest(path) != version.model.sha256:
            raise ModelError(
                f"{self}: the model of version {version.release} is damaged: expected SHA-256 "
                f"{version.model.sha256[:12]}; the alias was not moved"
            )

    def report(self, version: Release, folder: Path) -> Submission:
        """Download the report, signature and scores of a version.

        Raises:
            ReportError: it is not the report that the version was let through with.
        """
        run = self.version(version.release).run
        place = folder / f"version-{version.release}"
        place.mkdir()
        files = Path(self._client.download_artifacts(run, REPORT_FOLDER, str(place)))
        found = read_submission(files / REPORT)
        if found.sha256 != version.report_sha256:
            raise ReportError(
                f"{self}: the report of version {version.release} is damaged: expected SHA-256 "
                f"{version.report_sha256[:12]}, found {found.sha256[:12]}; the alias was not moved"
            )
        return found

    def switch(self, before: Stored | None, number: int, left: str) -> None:
        """Point the alias at a version; the last call is the moment it takes effect.

        Raises:
            UsageError: the alias has moved since ``before`` was read.
        """
        found = self.current()
        if (found and found.number) != (before and before.number):
            raise UsageError(
                f"{self}: another deployment moved the alias to "
                f"{'nothing' if found is None else f'version {found.number}'} meanwhile; deploy again"
            )
        if before is not None and before.tag("alias") == self._alias:
            # Before the switch: it is in production now, so it says nothing wrong if we end here.
            self._client.set_model_version_tag(self._name, str(before.number), f"{TAG}left", left)
        self._client.set_registered_model_alias(self._name, self._alias, str(number))


def _stored(version: "ModelVersion") -> Stored:
    return Stored(int(version.version), str(version.run_id), dict(version.tags))
