"""Articles keep the ids people gave them through every command that reads or writes data."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from gatekeeper.data.formats.bank import read_bank
from gatekeeper.data.formats.dataset import open_dataset
from tests.gatekeeper.cli.data_sets import Run

ARTICLES = np.repeat(np.arange(12), 12)
SHARES = ("--split", "train=0.5", "--split", "val=0.25", "--split", "ood=0.25")


def objects(*values: object) -> npt.NDArray[np.object_]:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


@pytest.mark.parametrize(
    "ids",
    [
        (ARTICLES - 6).astype(np.int8),
        ARTICLES + np.int64(-(2**63)),
        ARTICLES.astype(np.uint64) * np.uint64(1537228672809129301),
        np.array([f"doc-{each}" for each in ARTICLES], dtype="S"),
        np.array([f"ü {each}, \u202e" for each in ARTICLES]),
        objects(*(f"{each:03}" for each in ARTICLES)),
        objects(*(2**63 + int(each) for each in ARTICLES)),
        objects(*(int(each) * 10**30 for each in ARTICLES)),
    ],
    ids=["int8", "lowest", "uint64", "bytes", "text", "padded", "objects", "huge"],
)
def test_ids_of_every_kind_go_through_all_commands(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ids: npt.NDArray[np.generic]
) -> None:
    monkeypatch.chdir(tmp_path)
    vectors = np.random.default_rng(0).standard_normal((len(ids), 8)).astype(np.float32)
    np.savez("bank.npz", vectors=vectors, article_ids=ids, chunk_indices=np.tile(np.arange(12), 12))
    assert run("data", "build", "bank.npz", "--out", "built", "--also-npz", *SHARES).exit_code == 0
    bank, built = read_bank(Path("bank.npz")), open_dataset(Path("built"))
    assert (built.bank.ids, built.bank.sha256) == (bank.ids, bank.sha256)
    files = [f"{name}=built_{name}_sequences.npz" for name in ("val", "ood")]
    assert run("data", "convert", *files, "--bank", "bank.npz", "--out", "converted").exit_code == 0
    np.testing.assert_array_equal(open_dataset(Path("converted")).splits["val"], built.splits["val"])
    assert Path("converted/unmatched.csv").read_text().count("\n") == 1
    assert run("data", "synth", "reversed", "--bank", "built", "--out", "turned").exit_code == 0
    info = run("data", "info", "--config", "turned/gatekeeper.toml", "--format", "json")
    assert info.exit_code == 0, info.output
    assert read_bank(Path("turned/bank.npz")).ids == bank.ids
