"""Runs of several seeds: what an interruption leaves, and how it goes on."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.training.conduct import Audience
from gatekeeper.training.folder import read_record
from gatekeeper.training.plan import Plan
from gatekeeper.training.seeds import run_seeds
from schemas.errors import Interrupted, UsageError
from trainers.processes import Group

pytestmark = pytest.mark.usefixtures("world")


def test_an_interrupted_recipe_says_what_is_done_and_goes_on_with_the_rest(
    plan: Callable[..., Plan], heard: "object"
) -> None:
    told: list[str] = []

    def audience_of(one: Plan, name: str) -> Audience:
        told.append(name)
        if len(told) == 2:  # the second run is asked to end as soon as it listens
            audience = heard.audience()  # type: ignore[attr-defined]

            def interrupted(folder: Path) -> dict[str, object]:
                os.kill(os.getpid(), signal.SIGTERM)
                return {}

            return Audience(audience.log, audience.warn, audience.progress, interrupted)  # type: ignore[arg-type]
        return heard.audience()  # type: ignore[attr-defined, no-any-return]

    made = plan(seeds=3, flags={"seed": 7})
    assert made.seeds == (7, 8, 9)
    with pytest.raises(Interrupted) as stopped:
        run_seeds(made, Group(), audience_of, out=Path("mine"))
    assert str(stopped.value).endswith(
        "; 1 of 3 seeds are done. Continue with: gatekeeper train ridge --resume mine"
    )
    assert told == ["seed_7", "seed_8"]
    assert read_record(Path("mine")).seeds == [7, 8, 9]
    found = run_seeds(plan(resume=Path("mine")), Group(), audience_of, out=None)
    assert told == ["seed_7", "seed_8", "seed_8", "seed_9"]
    assert [path.parent.name for path in found.reports] == ["seed_7", "seed_8", "seed_9"]
    assert (found.outcome, found.passed) == ("deployable", 3)


def test_several_processes_are_refused_before_anything_is_written(plan: Callable[..., Plan]) -> None:
    with pytest.raises(UsageError, match="found 2 processes"):
        run_seeds(plan(seeds=2), Group(size=2), lambda one, name: pytest.fail("asked"), out=Path("mine"))
    assert not Path("mine").exists()
