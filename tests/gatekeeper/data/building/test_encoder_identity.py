"""Encoders are told apart by what decides their vectors."""

from typing import Any

import pytest
import torch
from torch import nn

from gatekeeper.data.building import encoder_identity
from gatekeeper.data.building.encoder_identity import (
    computed_digest,
    encoder_digest,
    is_normalised,
    most_tokens,
    pooling_of,
)


class Model(nn.Sequential):
    """What is read of a sentence encoder besides its vectors."""

    def __init__(
        self, *more: nn.Module, weight: float = 1.0, prompt: str = "", longest: object = 128
    ) -> None:
        super().__init__(nn.Linear(2, 2, bias=False), *more)
        nn.init.constant_(self.get_parameter("0.weight"), weight)
        self.prompts = {"query": prompt}
        self.max_seq_length: Any = longest


class Pooling(nn.Module):
    """As of version 6."""

    def __init__(self, mode: object) -> None:
        super().__init__()
        self.pooling_mode = mode


class Older(nn.Module):
    """As up to version 5."""

    def get_pooling_mode_str(self) -> str:
        return "cls"


class Normalize(nn.Module):
    pass


Older.__name__ = "Pooling"


def given(model: nn.Module) -> Any:  # noqa: ANN401  (it stands for one of sentence-transformers)
    return model


def digest(model: nn.Module) -> str:
    return encoder_digest(given(model))


def test_the_digest_follows_what_decides_a_vector() -> None:
    plain = digest(Model())
    assert digest(Model()) == plain
    others = [digest(Model(weight=2.0)), digest(Model(prompt="query: ")), digest(Model(longest=256))]
    half = digest(Model().to(torch.float16))
    assert len({plain, half, *others}) == 5


def test_the_size_of_the_hashed_blocks_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = digest(Model())
    monkeypatch.setattr(encoder_identity, "_BLOCK", 3)
    assert digest(Model()) == plain


def test_vectors_of_another_precision_are_kept_apart() -> None:
    assert computed_digest("a" * 64, "float32", changed=False) == "a" * 64
    kept = {
        computed_digest(each, kind, changed=True) for each in ("a", "b") for kind in ("float16", "bfloat16")
    }
    assert len(kept) == 4


@pytest.mark.parametrize(
    ("module", "pooling"),
    [
        (Pooling("mean"), "mean"),
        (Pooling(("mean", "max")), "mean+max"),
        (Older(), "cls"),
        (Normalize(), None),
    ],
)
def test_pooling_is_called_as_the_library_calls_it(module: nn.Module, pooling: str | None) -> None:
    assert pooling_of(given(Model(module))) == pooling


def test_a_last_step_that_normalises_is_seen() -> None:
    assert is_normalised(given(Model(Pooling("mean"), Normalize())))
    assert not is_normalised(given(Model(Pooling("mean"))))


@pytest.mark.parametrize(
    ("longest", "most"), [(256, 256), (None, None), (10**30, None), (float("inf"), None), (0, None)]
)
def test_a_limit_that_is_none_is_none(longest: object, most: int | None) -> None:
    assert most_tokens(given(Model(longest=longest))) == most
