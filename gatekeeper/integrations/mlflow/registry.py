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
from gatekeeper.deployment.verify import Submission, model_digest, read_submission
from gatekeeper.integrations.mlflow.client import check_mlflow, new_client, silenced
from schemas.errors import GatekeeperError, ModelError, OutputError, ReportError, UsageError
from schemas.text import one_line

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

MODEL_FOLDER, REPORT_FOLDER = "model", "report"
MODEL_FILES = tuple(f"model{suffix}" for suffix in (".pt", ".pt2", ".safetensors", ".pth", ".bin"))
"""What a served model may be called; the last two are of versions that took the name for the format."""

TAG = "gatekeeper."

_PAGE = 200


@dataclass(frozen=True)
class MlflowTarget:
    """A registered model, and the alias that says which of its versions is in production."""

    name: str
    alias: str

    def __str__(self) -> str:
        return f"mlflow:{self.name}@{self.alias}"


@dataclass(frozen=True)
class Stored:
    """A model version as MLflow has it, whoever made it: its run and its tags."""

    number: int
    run: str
    tags: Mapping[str, str]

    def tag(self, key: str) -> str | None:
        """A tag of ours."""
        return self.tags.get(TAG + key)


@dataclass(frozen=True)
class Version:
    """A model version that gatekeeper deployed; every field but the first two is a tag.

    Attributes:
        number: of the version.
        run: the run that holds its artifacts.
        alias: what it was deployed to.
        deployed: when, UTC, ISO 8601 with a trailing Z.
        model_file: the model's file in the version.
        model_sha256: its digest.
        report_sha256: digest of the report it was let through with.
        policy: what it was checked against.
        policy_sha256: digest of that policy.
        signer: id of the trusted key that signed the report; None where none was asked for.
        predecessor: where a rollback goes; None where there is nothing before it.
        left: when it was replaced last, and by what; None while it is in production.
    """

    number: int
    run: str
    alias: str
    deployed: str
    model_file: str
    model_sha256: str
    report_sha256: str
    policy: str
    policy_sha256: str
    signer: str | None
    predecessor: int | None
    left: str | None

    def tags(self) -> dict[str, str]:
        """What is written; :func:`described` reads it."""
        fields = {key: value for key, value in vars(self).items() if key not in ("number", "run")}
        return {TAG + key: str(value) for key, value in fields.items() if value is not None}


def described(stored: Stored) -> Version:
    """What the tags say.

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
    return Version(
        number=stored.number,
        run=stored.run,
        **found,
        signer=stored.tag("signer"),
        predecessor=None if predecessor is None else int(predecessor),
        left=stored.tag("left"),
    )


_REQUIRED = ("alias", "deployed", "model_file", "model_sha256", "report_sha256", "policy", "policy_sha256")


@contextlib.contextmanager
def connected(target: MlflowTarget) -> Iterator["Registry"]:
    """The registry that MLflow's environment names (``MLFLOW_TRACKING_URI``).

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
            yield Registry(target, new_client())
    except GatekeeperError:
        raise
    except Exception as error:  # noqa: BLE001  (artifact stores are plug-ins and raise what they like)
        raise OutputError(
            f"{target}: MLflow failed: {one_line(error)}; is MLFLOW_TRACKING_URI right?"
        ) from None


class Registry:
    """One registered model and one alias of it; made by :func:`connected`."""

    def __init__(self, target: MlflowTarget, client: "MlflowClient") -> None:
        self._target = target
        self._client = client

    def current(self) -> Stored | None:
        """What the alias points at; None if there is no such alias, or no such model."""
        # Not get_model_version_by_alias: for a missing alias it has no error of its own, and whatever
        # else went wrong must not be taken for a first deployment.
        from mlflow.exceptions import MlflowException

        try:
            aliases = self._client.get_registered_model(self._target.name).aliases
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise
        number = aliases.get(self._target.alias)
        return None if number is None else self.version(int(number))

    def version(self, number: int) -> Stored:
        """One version."""
        return _stored(self._client.get_model_version(self._target.name, str(number)))

    def versions(self) -> list[Stored]:
        """All versions, newest first."""
        found: list[Stored] = []
        token: str | None = ""
        while token is not None:
            page = self._client.search_model_versions(
                f"name='{self._target.name}'", max_results=_PAGE, page_token=token or None
            )
            found += map(_stored, page)
            token = page.token or None
        return sorted(found, key=lambda each: -each.number)

    def upload(self, folder: Path) -> str:
        """Log a folder with model and report as artifacts of a new run; its id."""
        name = f"gatekeeper/{self._target.name}"
        experiment = self._client.get_experiment_by_name(name)
        place = self._client.create_experiment(name) if experiment is None else experiment.experiment_id
        run: str = self._client.create_run(place, run_name=f"deploy to {self._target.alias}").info.run_id
        for part in (MODEL_FOLDER, REPORT_FOLDER):
            self._client.log_artifacts(run, str(folder / part), part)
        self._client.set_terminated(run)
        return run

    def register(self, run: str, tags: Mapping[str, str]) -> int:
        """Make a version of a run's model; its number. No alias points at it."""
        from mlflow.exceptions import MlflowException

        name = self._target.name
        try:
            self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        made = self._client.create_model_version(name, f"runs:/{run}/{MODEL_FOLDER}", run, tags=dict(tags))
        return int(made.version)

    def check_model(self, version: Version, folder: Path) -> None:
        """Download the model as whoever serves it would.

        Raises:
            ModelError: its digest differs.
        """
        from mlflow.artifacts import download_artifacts

        uri = f"models:/{self._target.name}/{version.number}/{version.model_file}"
        path = Path(download_artifacts(artifact_uri=uri, dst_path=str(folder / "stored")))
        if model_digest(path) != version.model_sha256:
            raise ModelError(
                f"{self._target}: the model of version {version.number} is damaged: expected SHA-256 "
                f"{version.model_sha256[:12]}; the alias was not moved"
            )

    def report(self, version: Version, folder: Path) -> Submission:
        """Download the report, signature and scores of a version.

        Raises:
            ReportError: it is not the report that the version was let through with.
        """
        place = folder / f"version-{version.number}"
        place.mkdir()
        files = Path(self._client.download_artifacts(version.run, REPORT_FOLDER, str(place)))
        found = read_submission(files / REPORT)
        if found.sha256 != version.report_sha256:
            raise ReportError(
                f"{self._target}: the report of version {version.number} is damaged: expected SHA-256 "
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
                f"{self._target}: another deployment moved the alias to "
                f"{'nothing' if found is None else f'version {found.number}'} meanwhile; deploy again"
            )
        name, alias = self._target.name, self._target.alias
        if before is not None and before.tag("alias") == alias:
            # Before the switch: it is in production now, so it says nothing wrong if we end here.
            self._client.set_model_version_tag(name, str(before.number), f"{TAG}left", left)
        self._client.set_registered_model_alias(name, alias, str(number))


def _stored(version: "ModelVersion") -> Stored:
    return Stored(int(version.version), str(version.run_id), dict(version.tags))
