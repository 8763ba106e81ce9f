"""What a run is made of is loaded and checked before anything is written."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gatekeeper.training.folder import write_record
from gatekeeper.training.plan import Plan, plan_run
from gatekeeper.training.request import RunRequest
from gates.contracts import Window
from schemas.errors import DataError, UsageError
from tests.gatekeeper.training.conftest import untold
from trainers.processes import Group

MakePlan = Callable[..., Plan]
MakeRequest = Callable[..., RunRequest]


def test_a_plan_is_what_was_asked_for_and_writes_nothing(world: Path, plan: MakePlan) -> None:
    before = sorted(world.iterdir())
    made = plan(flags={"strengths": (0.5,), "seed": 9, "horizon": 2}, out=Path("mine"))
    assert sorted(world.iterdir()) == before
    assert made.settings == made.recipe.settings(strengths=(0.5,))
    assert (made.seed, made.options.seed) == (9, 0)
    assert made.dataset.window == Window(context=5, horizon=2)
    assert made.resumed is None
    assert made.params() == {
        "trainer": "ridge",
        **vars(made.settings),
        "context": 5,
        "horizon": 2,
        "seed": 9,
        "eval_seed": 0,
        "policy": "seed-5cat",
        "bank_sha256": made.dataset.bank.sha256,
        "device": made.options.device,
    }


def test_a_run_goes_on_with_what_it_was_started_with(world: Path, plan: MakePlan) -> None:
    first = plan(flags={"strengths": (0.5,), "seed": 9, "horizon": 2})
    folder = world / "run"
    folder.mkdir()
    write_record(folder, first.record())
    again = plan(resume=folder, flags={"device": "cpu"})
    assert again.resumed == folder
    assert (again.settings, again.dataset.window.horizon, again.seed) == (first.settings, 2, 9)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"strengths": (1.0,)}, "--strengths cannot change while a run is resumed"),
        ({"seed": 1}, "--seed cannot change while a run is resumed"),
        ({"val": "6-10"}, "split 'val' is not the one the run was started with"),
    ],
)
def test_a_run_does_not_go_on_with_anything_else(
    world: Path, plan: MakePlan, flags: dict[str, Any], message: str
) -> None:
    folder = world / "run"
    folder.mkdir()
    write_record(folder, plan().record())
    with pytest.raises(UsageError, match=message):
        plan(resume=folder, flags=flags)


def test_another_bank_or_recipe_is_another_run(world: Path, plan: MakePlan) -> None:
    folder, record = world / "run", plan().record()
    folder.mkdir()
    write_record(folder, dataclasses.replace(record, trainer="p6b"))
    with pytest.raises(UsageError, match="is a run of 'p6b'; continue it with gatekeeper train p6b"):
        plan(resume=folder)
    write_record(folder, dataclasses.replace(record, bank_sha256="0" * 64))
    with pytest.raises(UsageError, match="the bank is not the one the run was started with"):
        plan(resume=folder)


def test_a_missing_split_is_named(world: Path, plan: MakePlan) -> None:
    (world / "gatekeeper.toml").write_text('[data]\nbank = "bank.npz"\ntrain = "0-5"\nval = "6-11"\n')
    with pytest.raises(DataError, match="training needs a ood split; name it with --ood"):
        plan()


def test_no_output_is_an_input(world: Path, plan: MakePlan) -> None:
    (world / "page.html").hardlink_to(world / "bank.npz")
    with pytest.raises(UsageError, match=r"page\.html"):
        plan(page=world / "page.html")


def test_only_the_first_process_tells_of_the_data(world: Path, request_run: MakeRequest) -> None:
    with np.load(world / "bank.npz") as arrays:
        named = {
            ("chunk_index" if name == "chunk_indices" else name): array for name, array in arrays.items()
        }
    np.savez(world / "bank.npz", **named)
    told: list[str] = []
    asked = request_run()
    plan_run(asked, Group(), told.extend)
    plan_run(asked, Group(rank=1, size=2, local=1), untold)
    assert told == [f"{world / 'bank.npz'}: the order of chunks is read from 'chunk_index'"]


def test_each_process_takes_the_device_of_its_own_number(request_run: MakeRequest) -> None:
    with pytest.raises(UsageError, match="device 'cuda:1' cannot be used"):
        plan_run(request_run(flags={"device": "cuda"}), Group(rank=1, size=2, local=1), untold)
