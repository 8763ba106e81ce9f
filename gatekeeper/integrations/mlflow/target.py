"""MLflow's model registry as a target: versions that never change, and an alias that switches.

::

    models:/NAME@ALIAS -> version 2     the switch: one transaction of the registry
    models:/NAME/2/model.pt             what is served
    tags gatekeeper.* of version 2      since when, on whose word, what was before, the digests
    artifacts of its run, report/       its report, signature and per-sample scores

A version is uploaded, downloaded again and verified before the alias is set, which comes last. A crash
therefore leaves the alias where it was, and at most a version that no history lists.

The predecessor of a version never changes. So a second rollback goes back further, and what is deployed
after a rollback has as its predecessor the version that was restored, as in a deployment folder.

MLflow offers no lock. Whether the alias has moved is looked at right before it is set; of two deployments
in that very instant the later one wins, and both were let through.
"""

import contextlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

from gatekeeper.deployment.submission import Submission
from gatekeeper.deployment.target import Cleared, Release
from gatekeeper.integrations.mlflow.registry import (
    MODEL_FOLDER,
    REPORT_FOLDER,
    SCHEME,
    Registry,
    Stored,
    connected,
    described,
    tags,
)
from schemas.errors import OutputError, ReportError, UsageError

_NAME = re.compile(r"(?!\.$|\.\.)[^/\\:%@?#'\"`]{1,256}")
_ALIAS = re.compile(r"(?!(?i:latest|v\d+)$)[\w-]{1,255}")


@dataclass(frozen=True)
class MlflowTarget:
    """A registered model, and the alias that says which of its versions is in production.

    It is a :class:`gatekeeper.deployment.target.Target`; the first deployment makes the model.
    """

    name: str
    alias: str

    kind: ClassVar[Literal["version"]] = "version"

    def __str__(self) -> str:
        return f"{SCHEME}{self.name}@{self.alias}"

    def connected(self) -> AbstractContextManager[Registry]:
        """The registry, for a few calls."""
        return connected(self.name, self.alias)

    def address(self, release: Release) -> str:
        """What MLflow loads by the alias, whichever version it is."""
        return f"models:/{self.name}@{self.alias}"

    def own_files(self) -> tuple[Path, ...]:
        """None."""
        return ()

    @contextlib.contextmanager
    def turn(self) -> Iterator["MlflowTurn"]:
        """See what is in production; nobody else is kept out."""
        with _work() as work:
            with self.connected() as registry:
                before = registry.current()
            yield MlflowTurn(self, work, before)

    def roll_back(self, moment: str) -> Release:
        """Point the alias at the predecessor of the version in production."""
        with _work() as work, self.connected() as registry:
            before = registry.current()
            if before is None:
                raise UsageError(f"{self}: nothing is deployed, so there is nothing to roll back to")
            served = described(before)
            if before.tag("alias") != self.alias:
                raise UsageError(
                    f"{self}: version {served.release} was deployed to @{before.tag('alias')}, so its "
                    "predecessor is not known here; set the alias in MLflow"
                )
            if served.predecessor is None:
                raise UsageError(f"{self}: version {served.release} has no predecessor to roll back to")
            restored = described(registry.version(served.predecessor))
            registry.check_model(restored, work)
            registry.report(restored, work)
            registry.switch(before, restored.release, f"{moment} by rollback")
            return replace(restored, left=None, restores=restored.release)

    def history(self) -> tuple[Release, ...]:
        """All versions that the alias has pointed at, newest first."""
        with self.connected() as registry:
            current = registry.current()
            stored = [each for each in registry.versions() if each.tag("alias") == self.alias]
        found = []
        for version in map(described, stored):
            if current is not None and version.release == current.number:
                found.append(replace(version, left=None))
            elif version.left is not None:
                found.append(version)
        return tuple(found)


@dataclass(frozen=True)
class MlflowTurn:
    """One deployment to an alias, a :class:`gatekeeper.deployment.target.Turn`.

    Attributes:
        target: where to. place: a folder that only we can look into. before: what the alias points at.
    """

    target: MlflowTarget
    place: Path
    before: Stored | None

    @property
    def first(self) -> bool:
        """Whether the alias points at nothing yet."""
        return self.before is None

    def current(self) -> Release:
        """What the alias points at."""
        if self.before is None:
            raise ReportError(f"nothing is deployed in {self.target}")
        return described(self.before)

    def report(self, release: Release) -> Submission:
        """The report of a version, downloaded."""
        with self.target.connected() as registry:
            return registry.report(release, self.place)

    def store(self, cleared: Cleared) -> Release:
        """Upload model and report as a version, and download the model again to compare it."""
        model, report = self.place / MODEL_FOLDER, self.place / REPORT_FOLDER
        for folder in (model, report):
            folder.mkdir()
        cleared.copy.rename(model / cleared.model.file)
        for name, data in cleared.files.items():
            (report / name).write_bytes(data)
        predecessor = self.before.number if self.before else None
        with self.target.connected() as registry:
            run = registry.upload(self.place)
            made = described(registry.register(run, tags(cleared, self.target.alias, predecessor)))
            registry.check_model(made, self.place)
        return made

    def switch(self, release: Release) -> None:
        """Point the alias at a stored version."""
        with self.target.connected() as registry:
            registry.switch(self.before, release.release, f"{release.deployed} by deploy")


def parse_target(text: str) -> MlflowTarget:
    """Read ``mlflow:NAME@ALIAS``.

    A name is one that MLflow allows and that means nothing else in a URI or a search.

    Raises:
        UsageError: it is none.

    Example:
        >>> parse_target("mlflow:next-embedding@champion")
        MlflowTarget(name='next-embedding', alias='champion')
    """
    name, _, alias = text.removeprefix(SCHEME).partition("@")
    plain = text.startswith(SCHEME) and text.isprintable() and name == name.strip()
    if not (plain and _NAME.fullmatch(name) and _ALIAS.fullmatch(alias)):
        raise UsageError(
            f"expected mlflow:NAME@ALIAS, found {text!r:.80}; NAME has none of / \\ : % @ ? # and no quotes, "
            "ALIAS has letters, digits, _ and -, and is neither latest nor of the form v1"
        )
    return MlflowTarget(name, alias)


@contextlib.contextmanager
def _work() -> Iterator[Path]:
    """A folder that only we can look into."""
    try:
        with tempfile.TemporaryDirectory(prefix="gatekeeper-") as name:
            yield Path(name)
    except OSError as error:
        why = error.strerror or error
        raise OutputError(f"cannot copy to a temporary folder: {why}; TMPDIR names another") from None
