"""Configuration files: a full one, how one is written, and how one is refused."""

from pathlib import Path

import pytest

from gatekeeper.config.file import load_config
from schemas.errors import UsageError

FULL = """
[data]
bank = "data/bank.npz"
train = "0-2,7"
val = [9, 8, 8]
ood = "../ood.npz"
context = 4
horizon = 2

[eval]
policy = "strict-5cat"
max_samples = 200
seed = 7
device = "cpu"
batch_size = 32
retrieval = "torch"
bin_edges = [0.3, 0.6]
confidence = 0.9
report = "out/report.json"
"""


def put(folder: Path, text: str, name: str = "gatekeeper.toml") -> Path:
    """Write it into the folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def refusal(file: Path) -> str:
    """The one line, with the file's name, with which it is refused as a usage error."""
    with pytest.raises(UsageError) as caught:
        load_config(file)
    message = str(caught.value)
    assert caught.value.exit_code == 2
    assert str(file) in message
    assert "\n" not in message
    return message
