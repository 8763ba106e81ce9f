from pathlib import Path

import numpy as np
import pytest

from gatekeeper.config.articles import parse_articles
from gatekeeper.config.file import load_config
from gatekeeper.data.formats.bank import read_bank, write_bank
from gatekeeper.data.source import open_source
from gatekeeper.data.synthetic.folder import divide, write_world
from gatekeeper.data.synthetic.worlds import CONTEXT, TRAP
from gates.contracts import Bank, Window
from schemas.errors import DataError, OutputError
from tests.gatekeeper.synth import names, run, small


def test_forward_folder_is_ready_to_evaluate(tmp_path: Path) -> None:
    result = run("forward", "--out", tmp_path / "new" / "world", *small())
    assert result.exit_code == 0, result.output
    assert "best.pt predicts R^1 of the last chunk: expected cos +0.944, margin +0.444" in result.output
    folder = tmp_path / "new" / "world"
    assert names(folder) == ["bank.npz", "best.pt", "gatekeeper.toml"]
    assert names(folder.parent) == ["world"]
    config = load_config(folder / "gatekeeper.toml")
    assert (config.data.context, config.data.horizon) == (CONTEXT, 1)
    assert config.data.splits == {
        "train": parse_articles("0,1,2,3,4,5"),
        "val": parse_articles("6,7"),
        "ood": parse_articles("8,9"),
    }
    dataset = open_source(config).dataset(Window(CONTEXT, 1))
    assert len(dataset.splits["val"].last_rows) == 2 * (14 - CONTEXT)


def test_the_same_seed_gives_the_same_bank(tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert run("forward", "--out", tmp_path / name, *small("--seed", seed)).exit_code == 0
    data = {name: (tmp_path / name / "bank.npz").read_bytes() for name in "abc"}
    assert data["a"] == data["b"] != data["c"]


def test_a_previous_world_is_replaced_where_that_is_asked_for(tmp_path: Path) -> None:
    assert run("trap", "--out", tmp_path / "w", *small()).exit_code == 0
    assert run("forward", "--out", tmp_path / "w", *small("--overwrite")).exit_code == 0
    assert names(tmp_path / "w") == ["bank.npz", "best.pt", "gatekeeper.toml"]
    assert names(tmp_path) == ["w"]


@pytest.mark.parametrize("world", ["forward", "trap", "directed", "reversed", "shuffled"])
def test_a_previous_world_is_not_replaced_otherwise(
    tmp_path: Path, world: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("trap", "--out", tmp_path / "w", *small()).exit_code == 0
    before = (tmp_path / "w" / "bank.npz").read_bytes()
    monkeypatch.setattr("gatekeeper.data.source.read_bank_file", None)  # nothing is read for it
    copied = ("--bank", tmp_path / "w" / "bank.npz") if world in ("reversed", "shuffled") else ()
    result = run(world, "--out", tmp_path / "w", *copied)
    assert result.exit_code == 2
    assert result.output == (
        f"Error: {tmp_path / 'w'} holds a synthetic world already; name another folder, or add --overwrite "
        "to replace it\n"
    )
    assert (tmp_path / "w" / "bank.npz").read_bytes() == before


@pytest.mark.parametrize("kind", ["reversed", "shuffled"])
def test_a_copy_never_replaces_its_original(tmp_path: Path, kind: str) -> None:
    assert run("trap", "--out", tmp_path / "w", *small()).exit_code == 0
    before = (tmp_path / "w" / "bank.npz").read_bytes()
    result = run(kind, "--bank", tmp_path / "w" / "bank.npz", "--out", tmp_path / "w", "--overwrite")
    assert result.exit_code == 2
    assert "would overwrite another file of this command" in result.output
    assert (tmp_path / "w" / "bank.npz").read_bytes() == before


@pytest.mark.parametrize("name", ["notes.txt", "gatekeeper.toml"])
def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / name).write_text("precious")
    result = run("forward", "--out", tmp_path / "w", *small())
    assert result.exit_code == 3
    assert f"it holds '{name}', which is no part of a synthetic world" in result.output
    assert (tmp_path / "w" / name).read_text() == "precious"


def test_a_report_in_a_previous_world_is_left_alone(tmp_path: Path) -> None:
    assert run("forward", "--out", tmp_path / "w", *small()).exit_code == 0
    (tmp_path / "w" / "best.report.json").write_text("{}")
    assert "'best.report.json'" in run("forward", "--out", tmp_path / "w", *small()).output
    assert len(names(tmp_path / "w")) == 4


def test_an_empty_folder_is_used_and_a_file_is_not(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("forward", "--out", tmp_path / "empty", *small()).exit_code == 0
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        result = run("forward", "--out", out, *small())
        assert result.exit_code == 3
        assert result.output.startswith("Error: cannot write ")


def test_an_interrupted_run_leaves_the_previous_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("trap", "--out", tmp_path / "w", *small()).exit_code == 0
    before = (tmp_path / "w" / "bank.npz").read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gatekeeper.data.synthetic.folder.write_predictor", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_world(tmp_path / "w", "trap", TRAP, overwrite=True)
    assert (tmp_path / "w" / "bank.npz").read_bytes() == before
    assert names(tmp_path) == ["w"]


def test_copies_keep_the_configured_splits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("trap", "--out", tmp_path / "w", *small()).exit_code == 0
    original = read_bank(tmp_path / "w" / "bank.npz")
    monkeypatch.chdir(tmp_path / "w")
    assert run("reversed", "--out", tmp_path / "r").exit_code == 0
    copy = read_bank(tmp_path / "r" / "bank.npz")
    np.testing.assert_allclose(copy.vectors[:14], original.vectors[13::-1], atol=1e-6)
    assert names(tmp_path / "r") == ["bank.npz", "gatekeeper.toml"]
    config, source = load_config(tmp_path / "r" / "gatekeeper.toml"), load_config(Path("gatekeeper.toml"))
    assert config.data.splits == source.data.splits
    assert (config.data.context, config.data.horizon) == (5, 2)


def test_a_named_bank_without_splits_is_divided(tmp_path: Path, small_bank: Bank) -> None:
    write_bank(tmp_path / "bank.npz", small_bank)
    for seed in ("0", "1"):
        result = run("shuffled", "--bank", tmp_path / "bank.npz", "--out", tmp_path / seed, "--seed", seed)
        assert result.exit_code == 0, result.output
    assert (tmp_path / "0" / "bank.npz").read_bytes() != (tmp_path / "1" / "bank.npz").read_bytes()
    config = load_config(tmp_path / "0" / "gatekeeper.toml")
    assert config.data.splits == {
        "train": parse_articles("3"),
        "val": parse_articles("5"),
        "ood": parse_articles("9"),
    }
    assert config.data.horizon is None
    assert read_bank(tmp_path / "0" / "bank.npz").chunks.tolist() == small_bank.chunks.tolist()


@pytest.mark.parametrize("count", [3, 4, 5, 9, 10, 60])
def test_divide_gives_every_article_once_and_no_empty_split(count: int) -> None:
    parts = divide(np.arange(count))
    assert np.concatenate(list(parts.values())).tolist() == list(range(count))
    assert [len(part) for part in parts.values()][1:] == [max(1, count // 5)] * 2
    assert len(parts["train"]) >= 1


def test_divide_needs_an_article_a_split() -> None:
    with pytest.raises(DataError, match="expected at least 3 articles, one a split; found 2"):
        divide(np.arange(2))
