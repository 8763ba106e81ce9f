"""The bundled speeches are made by their script."""

from pathlib import Path

import numpy as np
import pytest

from gatekeeper.data.formats.npz import open_npz
from schemas.errors import DataError
from scripts.build_speeches import assign_splits, build
from tests.scripts.corpora import large_corpus, write_corpus

COMMITTED = Path(__file__).resolve().parents[2] / "gatekeeper" / "data" / "formats" / "speeches.npz"


def test_every_third_address_is_val(tmp_path: Path) -> None:
    files = write_corpus(tmp_path, [2] * 7, ["state_union"] * 6 + ["inaugural"])
    (tmp_path / "out.npz").write_bytes(build(*files))
    with np.load(tmp_path / "out.npz", allow_pickle=False) as built:
        assert built["article_split"].tolist() == ["train", "train", "val", "train", "train", "val", "ood"]
    assert build(*files) == (tmp_path / "out.npz").read_bytes()


def test_another_collection_is_refused() -> None:
    with pytest.raises(DataError, match="unknown collection 'sermons'"):
        assign_splits(["inaugural", "sermons"])


def test_the_committed_file_is_what_is_built(tmp_path: Path) -> None:
    (tmp_path / "out.npz").write_bytes(build(*large_corpus("speeches")))
    with open_npz(tmp_path / "out.npz") as built, open_npz(COMMITTED) as committed:
        for name in ("vectors", "article_indices", "chunk_indices", "article_titles", "article_split"):
            assert np.array_equal(built.array(name), committed.array(name))
