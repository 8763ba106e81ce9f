"""A prefix before all names of weights is taken away, and nothing else is."""

from collections.abc import Callable

import pytest
import torch

from tests.trainers.checkpoints.foreign import Config, Content, Make, load, refusal
from trainers.checkpoints.fingerprint import answer

ALL = ("amn", "gru", "linear", "lstm", "transformer")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "prefix", ["module.", "_orig_mod.", "_orig_mod.module.", "model.", "base.", "net.", "encoder.lvm."]
)
def test_a_prefix_before_all_names_is_taken_away(
    name: str, prefix: str, make: Make, config: Config, contexts: torch.Tensor
) -> None:
    state = {prefix + key: tensor for key, tensor in make(name).state_dict().items()}
    found = load({"model_type": name, "model_config": config(name), "model_state_dict": state})
    assert (found.prefix, found.alpha) == (prefix, None)
    assert torch.equal(found.module(contexts), make(name)(contexts))


def test_the_fingerprint_is_compared_behind_a_prefix(content: Content, make: Make) -> None:
    content["model_state_dict"] = {f"module.{key}": t for key, t in content["model_state_dict"].items()}
    good = {**content, "context": 5, "fingerprint": answer(make("gru"), 5, 12)}
    assert load(good).prefix == "module."
    assert "answers the stored probe differently" in refusal({**good, "fingerprint": torch.ones(4, 12)})


def some(prefix: str) -> Callable[[str], str]:
    return lambda key: key if key.startswith("output") else prefix + key


@pytest.mark.parametrize(
    "rename",
    [
        some("module."),  # not before all
        lambda key: "module" + key,  # no dot
        lambda key: f"{len(key)}.{key}",  # not the same
        lambda key: f"a b.{key}",
        lambda key: f"\x1b[31m.{key}",
        lambda key: f"module.{key}" if key != "output_proj.bias" else "module.output_proj.offset",
    ],
)
def test_names_that_no_prefix_explains_are_shown_beside_those_expected(
    rename: Callable[[str], str], content: Content
) -> None:
    content["model_state_dict"] = {rename(key): t for key, t in content["model_state_dict"].items()}
    message = refusal(content)
    assert "do not fit architecture 'gru': lacks " in message
    assert "has unexpected " in message


def test_weights_beside_a_prefix_are_another_model(content: Content) -> None:
    state = {f"module.{key}": tensor for key, tensor in content["model_state_dict"].items()}
    assert "has unexpected n_averaged" in refusal(
        {**content, "model_state_dict": {"n_averaged": torch.tensor(3), **state}}
    )
