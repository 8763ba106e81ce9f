"""What others call our flags is told, and what is told exists."""

import click
import pytest

from gatekeeper.cli.other_names import OTHER_NAMES, our_name
from tests.gatekeeper.cli.every_command import every_command, named


def options(command: click.Command) -> dict[str, click.Parameter]:
    return {flag: each for each in command.params for flag in (*each.opts, *each.secondary_opts)}


def test_every_name_that_is_told_is_one_of_the_command() -> None:
    told: dict[str, set[str]] = {}
    for path, command in every_command():
        known = options(command)
        for given in OTHER_NAMES:
            ours = our_name(given, command.params)
            if given in known:
                continue
            if ours is not None:
                told.setdefault(given, set()).add(ours)
            if ours is None:
                assert not any(
                    each.partition(" ")[0] in known for each in OTHER_NAMES[given] if " " not in each
                )
            elif ours == "MODEL":
                assert {"model", "models"} & known.keys(), (path, given)
            else:
                flag, _, value = ours.partition(" ")
                assert flag in known, (path, given)
                kind = known[flag].type
                assert not value or not isinstance(kind, click.Choice) or value in kind.choices, (path, given)
    # No line of the table is there for nothing: each name is told by some command, and each of ours.
    assert told.keys() == OTHER_NAMES.keys()
    everything = {ours for each in told.values() for ours in each}
    assert everything == {ours for each in OTHER_NAMES.values() for ours in each}


@pytest.mark.parametrize(
    ("path", "given", "ours"),
    [
        (("train", "p6b"), "--learning-rate", "--lr"),
        (("train", "p6b"), "--learning_rate", "--lr"),
        (("train", "p6b"), "--batch", "--batch-size"),
        (("train", "p6b"), "--batch_size", "--batch-size"),
        (("train", "nce"), "--n-epochs", "--epochs"),
        (("train", "nce"), "--num-epochs", "--epochs"),
        (("train", "nce"), "--output", "--out"),
        (("train", "nce"), "--bf16", "--precision bf16"),
        (("train", "ridge"), "--data", "--bank"),
        (("train", "ridge"), "--num-epochs", None),
        (("eval",), "--gpu", "--device cuda"),
        (("eval",), "--output", "--report"),
        (("eval",), "--checkpoint", "MODEL"),
        (("eval",), "--test", "--ood"),
        (("eval",), "--json", "--format json"),
        (("report",), "--json", None),
        (("check",), "--checkpoint", "--model"),
        (("deploy",), "--model", "MODEL"),
        (("deploy",), "--output-dir", "--to"),
        (("data", "build"), "--dataset", "--bank"),
        (("data", "build"), "--val", "--split"),
        (("data", "build"), "--bf16", "--precision bfloat16"),
        (("data", "audit"), "--nonsense", None),
    ],
)
def test_the_common_ones(path: tuple[str, ...], given: str, ours: str | None) -> None:
    assert our_name(given, named(path).params) == ours
