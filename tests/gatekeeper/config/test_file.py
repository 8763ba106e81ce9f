"""``gatekeeper.toml``: what is read, and what is refused."""

from pathlib import Path

import pytest

from gatekeeper.config.articles import parse_articles
from gatekeeper.config.file import load_config, resolve_config
from gatekeeper.config.record import Config
from gatekeeper.config.sections import DataConfig
from schemas.errors import UsageError
from tests.gatekeeper.config.files import FULL, put, refusal


def test_every_key_and_paths_relative_to_the_file(tmp_path: Path) -> None:
    file = put(tmp_path / "project", FULL)
    config = load_config(file)
    folder = tmp_path / "project"
    assert config.file == file
    assert config.data == DataConfig(
        bank=folder / "data" / "bank.npz",
        train=parse_articles("0,1,2,7"),
        val=parse_articles("8,9"),
        ood=folder / ".." / "ood.npz",
        context=4,
        horizon=2,
    )
    assert config.data.splits == {
        "train": parse_articles("0,1,2,7"),
        "val": parse_articles("8,9"),
        "ood": folder / ".." / "ood.npz",
    }
    chosen = config.eval
    assert (chosen.policy, chosen.max_samples, chosen.seed, chosen.device) == ("strict-5cat", 200, 7, "cpu")
    assert (chosen.batch_size, chosen.retrieval, chosen.bin_edges) == (32, "torch", (0.3, 0.6))
    assert (chosen.confidence, chosen.report) == (0.9, folder / "out" / "report.json")


def test_a_policy_file_is_relative_to_the_file_and_a_name_is_not(tmp_path: Path) -> None:
    assert load_config(put(tmp_path, '[eval]\npolicy = "own.toml"')).eval.policy == str(tmp_path / "own.toml")
    assert load_config(put(tmp_path, '[eval]\npolicy = "own"')).eval.policy == "own"


def test_nothing_found_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatekeeper.config.file.find_config", lambda folder: None)
    assert resolve_config() == Config()
    assert Config().data.splits == {}


def test_flags_win_key_by_key(tmp_path: Path) -> None:
    file = put(tmp_path, FULL)
    flags = {
        "val": "11-12",
        "seed": 1,
        "device": None,
        "context": 6,
        "bin_edges": (0.1, 0.2),
        "report": Path("r"),
    }
    config = resolve_config(file, flags)
    assert config.data.val == parse_articles("11,12")
    assert config.data.train == parse_articles("0,1,2,7")
    assert (config.data.context, config.data.horizon) == (6, 2)
    assert (config.eval.seed, config.eval.device, config.eval.bin_edges) == (1, "cpu", (0.1, 0.2))
    assert config.eval.report == Path("r")  # a flag's path starts at the working directory


def test_another_bank_drops_the_data_section(tmp_path: Path) -> None:
    file = put(tmp_path, FULL)
    config = resolve_config(file, {"bank": Path("other.npz"), "val": "4"})
    assert config.data == DataConfig(bank=Path("other.npz"), val=parse_articles("4"))
    assert config.eval.seed == 7


def test_the_same_bank_by_another_name_keeps_it(tmp_path: Path) -> None:
    file = put(tmp_path, FULL)
    same = tmp_path / "data" / ".." / "data" / "bank.npz"
    config = resolve_config(file, {"bank": same})
    assert config.data.train == parse_articles("0,1,2,7")
    assert config.data.horizon == 2


def test_a_bank_drops_splits_meant_for_the_speeches(tmp_path: Path) -> None:
    file = put(tmp_path, "[data]\nval = '3'")
    assert resolve_config(file, {"bank": "x.npz"}).data == DataConfig(bank=Path("x.npz"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[dta]", "section 'dta' is unknown; did you mean 'data'?"),
        ("[zzz]", "section 'zzz' is unknown; known are data, eval"),
        ("[data]\nbnak = 'x'", "[data] 'bnak' is unknown; did you mean 'bank'?"),
        ("[eval]\nmax_sample = 1", "did you mean 'max_samples'?"),
        ("data = 3", "'data' must be a section, written [data]; found 3"),
        ("[data]\nbank = 3", "[data] bank: expected a path, or bundled:NAME, found 3"),
        ("[data]\nbank = ''", "expected a path"),
        ("[data]\nval = 3", "val: expected article ranges, a list of articles"),
        ("[data]\nval = []", "val: expected article ranges"),
        ("[data]\nval = [true]", "val: expected article ranges"),
        ("[data]\nval = '5-2'", "val: article list '5-2': range 5-2 runs backwards"),
        ("[data]\nhorizon = 0", "horizon: expected a whole number of at least 1, found 0"),
        ("[data]\nhorizon = true", "horizon: expected a whole number"),
        ("[data]\ncontext = 1.0", "context: expected a whole number"),
        ("[eval]\nmax_per_article = 0", "article: expected a whole number of at least 1, found 0"),
        (
            "[eval]\nmax_per_article = -60",
            "max_per_article: expected a whole number of at least 1, found -60",
        ),
        (
            "[eval]\nmax_per_article = '60'",
            "max_per_article: expected a whole number of at least 1, found '60'",
        ),
        (
            "[eval]\nmax_per_article = 60.0",
            "max_per_article: expected a whole number of at least 1, found 60.0",
        ),
        (
            "[eval]\nmax_per_article = true",
            "max_per_article: expected a whole number of at least 1, found True",
        ),
        (
            "[eval]\nmax_per_article = 1000000001",
            "max_per_article: expected a whole number of at most 1000000000",
        ),
        ("[eval]\nseed = -1", "seed: expected a whole number of at least 0"),
        ("[eval]\nretrieval = 'annoy'", "retrieval: expected one of auto, faiss, torch, found 'annoy'"),
        ("[eval]\nretrieval = ['auto']", "retrieval: expected one of auto"),
        ("[eval]\nbin_edges = [0.4]", "bin_edges: expected two ascending numbers"),
        ("[eval]\nbin_edges = ['a', 'b']", "bin_edges: expected a number"),
        ("[eval]\nconfidence = 'high'", "confidence: expected a number"),
        ("[eval]\ndevice = ''", "device: expected a name"),
        ("[eval]\npolicy = 4", "policy: expected a name"),
        ("[data", "not TOML"),
    ],
)
def test_mistakes_are_usage_errors(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in refusal(put(tmp_path, text))


def test_mistakes_in_flags_name_the_flag() -> None:
    with pytest.raises(UsageError, match="--horizon: expected a whole number of at least 1, found 0"):
        resolve_config(None, {"horizon": 0})
    with pytest.raises(UsageError, match="--val: article list 'x,,y'"):
        resolve_config(None, {"val": "x,,y"})


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no\.toml does not exist"):
        resolve_config(tmp_path / "no.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        resolve_config(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"# \xff")
    with pytest.raises(UsageError, match="expected UTF-8 text"):
        resolve_config(tmp_path / "latin.toml")


def test_a_long_value_is_told_in_part(tmp_path: Path) -> None:
    assert len(refusal(put(tmp_path, "[eval]\npolicy = [" + "1," * 100_000 + "]"))) < 500
