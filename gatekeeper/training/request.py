"""What a training run is asked to do, as the command line says it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from gatekeeper.config.outputs import Output, refuse_overwriting
from gatekeeper.config.record import Config
from gatekeeper.training.folder import CONFIG_FILE, run_files
from schemas.errors import UsageError
from trainers.contracts import Trainer

MOST_SEEDS = 1000
"""Runs of a recipe at most."""


@dataclass(frozen=True, eq=False)
class RunRequest:
    """What is asked for.

    Attributes:
        recipe: who trains.
        file: configuration file instead of the nearest one.
        flags: what the command line gave for data, options and the recipe's settings, by name.
        out: run folder; a new one where None.
        resume: run folder to go on with instead.
        seeds: how many runs, with seeds that follow one another.
        page: where the report goes as a page; None where none is wanted.
    """

    recipe: Trainer
    file: Path | None = None
    flags: Mapping[str, object] = dataclasses.field(default_factory=dict)
    out: Path | None = None
    resume: Path | None = None
    seeds: int = 1
    page: Path | None = None

    def own(self) -> dict[str, object]:
        """The flags of the recipe's settings."""
        knobs = {field.name for field in dataclasses.fields(self.recipe.settings)}
        return {name: value for name, value in self.flags.items() if name in knobs}

    def rest(self) -> dict[str, object]:
        """All other flags but the seed: those of the configuration."""
        own = self.own()
        return {name: value for name, value in self.flags.items() if name not in own and name != "seed"}

    def all_seeds(self) -> tuple[int, ...]:
        """Of the training, one a run. The seed of the evaluation is its own, ``[eval] seed``.

        Raises:
            UsageError: there is none, or one lies outside 0 to 2**63 - 1.
        """
        first = cast("int", self.flags.get("seed", 0))
        if not 1 <= self.seeds <= MOST_SEEDS:
            raise UsageError(f"--seeds must lie in 2 to {MOST_SEEDS}; found {self.seeds}")
        if not 0 <= first <= 2**63 - self.seeds:
            raise UsageError(f"--seed: expected a whole number of at least 0 and below 2**63, found {first}")
        return tuple(range(first, first + self.seeds))

    def refuse_overwriting(self, config: Config) -> None:
        """Refuse a page or a file of the run that is one of what the run reads.

        A resumed run only reads its record; a new folder holds nothing yet.

        Raises:
            UsageError: which of them it is.
        """
        files: tuple[Path, ...] = () if self.out is None else run_files(self.out)
        if self.resume is not None:
            files = tuple(path for path in run_files(self.resume) if path.name != CONFIG_FILE)
        outputs = [] if self.page is None else [Output("page", self.page)]
        outputs += [Output("file", path, own=True) for path in files]
        refuse_overwriting(outputs, (*config.inputs(), self.file))
