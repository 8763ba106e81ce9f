"""Declared keys: every one has what the flags, the checks and the documentation need."""

import dataclasses
import typing
from pathlib import Path

import pytest

from gatekeeper.config.bank_keys import BankKeys
from gatekeeper.config.keys import Kind
from gatekeeper.config.sections import DataConfig, EvalConfig, Retrieval
from gates.options import Options

SECTIONS = (DataConfig, EvalConfig)
FIELDS = [pytest.param(each, id=each.name) for section in SECTIONS for each in dataclasses.fields(section)]


@pytest.mark.parametrize("field", FIELDS)
def test_a_key_says_what_it_means_and_may_hold(field: "dataclasses.Field[object]") -> None:
    assert isinstance(field.metadata["kind"], Kind)
    assert field.metadata["help"].strip(". ") == field.metadata["help"]
    if field.default is not None:
        assert field.metadata["kind"].read(field.default, Path()) == field.default


def test_no_key_is_in_both_sections() -> None:
    names = [each.name for section in SECTIONS for each in dataclasses.fields(section)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", ["seed", "max_samples", "batch_size", "bin_edges", "confidence"])
def test_the_engines_defaults_are_the_keys_defaults(name: str) -> None:
    assert getattr(EvalConfig(), name) == getattr(Options(), name)


def test_the_keys_of_a_bank_are_gathered() -> None:
    config = DataConfig(vectors_key="v", chunk_key="none")
    assert config.keys == BankKeys(vectors="v", chunks="none")
    assert config.keys.settings() == {"vectors_key": "v", "chunk_key": "none"}
    assert DataConfig().keys.flags() == {}


def test_the_libraries_of_a_search_are_the_choices() -> None:
    assert typing.get_args(Retrieval) == ("auto", "faiss", "torch")
