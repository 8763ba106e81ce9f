import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gatekeeper.data.formats.bundled import read_bundled
from gatekeeper.data.formats.npz import Array
from gatekeeper.data.formats.npz_writing import npz_bytes
from gatekeeper.data.synthetic.worlds import FORWARD, build_world
from gates.bank import build_bank
from gates.contracts import Bank, IntArray
from tests.gatekeeper.data.formats.stored import store

WriteNpz = Callable[..., Path]


@pytest.fixture(scope="session")
def speeches() -> tuple[Bank, dict[str, IntArray]]:
    bundled = read_bundled()
    return bundled.bank, bundled.splits


@pytest.fixture(scope="session")
def forward() -> Bank:
    """The world whose future follows from its past, as `gatekeeper data synth forward` makes it."""
    return build_world(FORWARD, source="worlds/forward")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set with every kind of file; not to be changed."""
    folder = tmp_path_factory.mktemp("built") / "data"
    store(folder, unmatched="split,file\n")
    return folder


@pytest.fixture
def data(built: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(built, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def small_bank() -> Bank:
    """Articles 3, 5, 9 of 12, 10 and 14 chunks, D 8; article 9 has a gap after chunk 6."""
    articles = np.repeat([3, 5, 9], [12, 10, 14])
    chunks = np.concatenate([np.arange(12), np.arange(10), np.delete(np.arange(15), 7)])
    vectors = np.random.default_rng(7).standard_normal((len(articles), 8)).astype(np.float32)
    return build_bank(vectors, articles, chunks, source="small", titles={3: "a", 5: "b", 9: "c"})


@pytest.fixture
def write_npz(tmp_path: Path) -> WriteNpz:
    def write(name: str = "file.npz", **arrays: Array) -> Path:
        path = tmp_path / name
        path.write_bytes(npz_bytes(arrays))
        return path

    return write
