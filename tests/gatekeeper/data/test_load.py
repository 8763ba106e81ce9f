"""``gatekeeper.load_data``: files and memory, and what is wrong with them in one line."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import torch

import gatekeeper as gk
from schemas.errors import DataError, UsageError
from tests.gatekeeper.worlds import arrays, rotating_data


def test_arrays_of_many_kinds_are_the_same_data() -> None:
    plain, expected = arrays(), rotating_data()
    kinds: dict[str, dict[str, Any]] = {
        "tensors": {name: torch.from_numpy(array) for name, array in plain.items()},
        "lists": {"vectors": plain["vectors"].tolist(), "articles": plain["articles"].tolist()},
        "columns": {"vectors": plain["vectors"], "articles": pandas.Series(plain["articles"])},
        "chunks": {**plain, "chunks": np.tile(np.arange(40), 18), "texts": ["x"] * 720},
    }
    for kind, given in kinds.items():
        data = gk.load_data(given, train=torch.arange(6), val=list(range(6, 12)), ood="12-17")
        assert data.source.bank.sha256 == expected.source.bank.sha256, kind
        for name in ("train", "val", "ood"):
            assert data.source.articles(name).tolist() == expected.source.articles(name).tolist()
    assert repr(data) == "<Data arrays: 720 chunks of width 16; train 6, val 6, ood 6 articles>"


def test_a_configuration_a_bank_and_a_call_agree(world: Path) -> None:
    file = gk.load_data("gatekeeper.toml")
    bank = gk.load_data(world / "bank.npz", train="0-5", val="6-11", ood="12-17")
    assert file.source.bank.sha256 == bank.source.bank.sha256
    replaced = gk.load_data("gatekeeper.toml", val=[7, 8])
    assert replaced.source.articles("val").tolist() == [7, 8]
    assert replaced.source.articles("ood").tolist() == bank.source.articles("ood").tolist()


def test_settings_are_the_call_s_then_the_file_s(world: Path) -> None:
    with (world / "gatekeeper.toml").open("a") as file:
        file.write('[eval]\nseed = 7\npolicy = "strict-5cat"\n')
    chosen = gk.load_data("gatekeeper.toml").settings(policy="seed-5cat", max_samples=None)
    assert (chosen.seed, chosen.policy, chosen.max_samples) == (7, "seed-5cat", None)


def test_what_a_user_should_know_of_a_bank_is_a_warning(tmp_path: Path) -> None:
    np.savez(tmp_path / "b.npz", vectors=arrays()["vectors"], article_indices=arrays()["articles"])
    with pytest.warns(UserWarning, match="no array says the order of chunks"):
        gk.load_data(tmp_path / "b.npz", val="0-5", ood="6-9")
    gk.load_data(tmp_path / "b.npz", val="0-5", ood="6-9", keys={"chunks": "none"})


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ({"vectors": [[1.0]]}, {}, "expected vectors and articles; found vectors"),
        ({"vectors": 1, "artikles": 2}, {}, "'artikles' is unknown; did you mean 'articles'\\?"),
        ({"vectors": [[1.0], [2.0, 3.0]], "articles": [0, 0]}, {}, "vectors cannot be made an array"),
        ({"vectors": [[1.0]], "articles": [0]}, {"keys": {"vectors": "v"}}, "keys name the arrays of a bank"),
        ({"vectors": [[1.0], [1.0]], "articles": [0, "a"]}, {}, "numbers .* and text"),
        (np.zeros((2, 2)), {}, "expected a path, or arrays by name, .* found ndarray"),
        ("x.npz", {"keys": {"vector": "v"}}, "'vector' is unknown; did you mean 'vectors'\\?"),
        ("x.npz", {"keys": ["v"]}, r"keys: expected names by array, {'vectors': ...}, found \['v'\]"),
        ("x.npz", {"val": 3}, "val: expected article ranges, a list of articles"),
        ("x.npz", {"val": b"1-2"}, "val: expected article ranges, a list of articles, .* found b'1-2'"),
        (None, {"val": ["1\n2"]}, "names 1 article.s. that speeches lacks, first 1 2;"),
        ("x.npz", {"context": 0}, "context: expected a whole number of at least 1"),
        ("x.npz", {}, "x.npz"),
        ("x.toml", {}, "configuration file x.toml does not exist"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_loaded_are_one_clear_line(
    given: Any,  # noqa: ANN401  (whatever somebody passes)
    options: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises((UsageError, DataError), match=message) as caught:
        gk.load_data(given, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("address", ["s3://bucket/bank.npz", "s3://bucket/gatekeeper.toml"])
def test_an_address_is_told_how_to_come_by(address: str) -> None:
    with pytest.raises(UsageError, match=f"download it first: aws s3 cp {address} ."):
        gk.load_data(address)
    with pytest.raises(UsageError, match=r"download it first: hf download who/what m\.pt"):
        gk.evaluate("hf://who/what/m.pt", rotating_data())
