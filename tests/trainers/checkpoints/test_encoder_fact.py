"""A model trained on one encoder's vectors is told where it meets those of another."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

from gates.bank import build_bank
from gates.contracts import Bank
from schemas.records.dataset import EmbeddedBy
from tests.trainers.checkpoints.linear import CONTEXT, WIDTH, save
from trainers.checkpoints.encoder_fact import EncoderFact, encoder_fact, other_encoder, read_encoder_fact
from trainers.registry import architecture

ONE = EmbeddedBy("hub", "who/one", "0123abc", "1" * 64, "float32", "mean", normalised=True, max_tokens=256)
OTHER = replace(ONE, name="who/other", sha256="2" * 64)


def bank_of(made_by: EmbeddedBy | None) -> Bank:
    bank = build_bank(np.eye(3), np.zeros(3, dtype=np.int64), np.arange(3), source="data")
    return replace(bank, embedded_by=made_by)


@pytest.mark.parametrize("name", ["m.pt", "m.safetensors"])
def test_a_checkpoint_says_which_encoder_it_was_trained_on(tmp_path: Path, name: str) -> None:
    config: dict[str, Any] = {"input_dim": WIDTH, "context": CONTEXT}
    module: nn.Module = architecture("linear").build(config)
    known = save(tmp_path / name, module, config, **encoder_fact(bank_of(ONE)))
    assert read_encoder_fact(known.facts) == EncoderFact("who/one", "1" * 64)
    silent = save(tmp_path / name, module, config, **encoder_fact(bank_of(None)))
    assert read_encoder_fact(silent.facts) is None


@pytest.mark.parametrize(
    "fact",
    [
        "who/one",
        {"name": "who/one"},
        {"name": "two\nlines", "sha256": "1" * 64},
        {"name": "who/one", "sha256": "1" * 63},
        {"name": 1, "sha256": 2},
    ],
)
def test_what_a_stranger_wrote_under_that_name_is_nothing(fact: object) -> None:
    assert read_encoder_fact({"encoder": fact}) is None


def test_only_two_that_are_known_can_differ() -> None:
    fact = read_encoder_fact(encoder_fact(bank_of(ONE)))
    assert other_encoder(fact, bank_of(OTHER)) == (
        "it was trained on vectors of the encoder who/one (111111111111), data holds those of who/other "
        "(222222222222): they have nothing in common but their width"
    )
    # Shorter numbers are no other encoder, nor is another place or name of the same weights.
    for same in (None, ONE, replace(ONE, precision="float16", source="folder", name="one")):
        assert other_encoder(fact, bank_of(same)) is None
    assert other_encoder(None, bank_of(OTHER)) is None
