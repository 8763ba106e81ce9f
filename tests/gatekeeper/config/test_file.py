import os
from pathlib import Path

import pytest

from gatekeeper.config.articles import parse_articles
from gatekeeper.config.file import Config, DataConfig, find_config, load_config, resolve_config
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
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


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


def test_found_in_a_parent_and_the_nearest_wins(tmp_path: Path) -> None:
    outer = put(tmp_path, "")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_config(inner) == outer
    nearest = put(tmp_path / "a", "")
    assert find_config(inner) == nearest
    assert resolve_config(folder=inner).file == nearest


def test_pyproject_counts_only_with_our_section(tmp_path: Path) -> None:
    outer = put(tmp_path, "[tool.gatekeeper.data]\nval = '3'", "pyproject.toml")
    inner = tmp_path / "a"
    put(inner, "[project]\nname = 'x'", "pyproject.toml")
    assert find_config(inner) == outer
    assert load_config(outer).data.val == parse_articles("3")
    both = put(tmp_path, "")
    assert find_config(inner) == both  # gatekeeper.toml before pyproject.toml of the same folder


def test_a_broken_pyproject_stops_only_if_it_is_ours(tmp_path: Path) -> None:
    outer = put(tmp_path, "")
    put(tmp_path / "a", "[project", "pyproject.toml")
    assert find_config(tmp_path / "a") == outer
    put(tmp_path / "a", "[tool.gatekeeper]\nbroken", "pyproject.toml")
    with pytest.raises(UsageError, match="not TOML"):
        resolve_config(folder=tmp_path / "a")


def test_working_directory_is_where_the_search_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(tmp_path, "")
    monkeypatch.chdir(tmp_path)
    assert resolve_config().file == file


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
        ("[data]\nbank = 3", "[data] bank: expected a path, found 3"),
        ("[data]\nbank = ''", "expected a path"),
        ("[data]\nval = 3", "val: expected article ranges, a list of articles"),
        ("[data]\nval = []", "val: expected article ranges"),
        ("[data]\nval = [true]", "val: expected article ranges"),
        ("[data]\nval = '5-2'", "val: article list '5-2': range 5-2 runs backwards"),
        ("[data]\nhorizon = 0", "horizon: expected a whole number of at least 1, found 0"),
        ("[data]\nhorizon = true", "horizon: expected a whole number"),
        ("[data]\ncontext = 1.0", "context: expected a whole number"),
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
    file = put(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load_config(file)
    message = str(caught.value)
    assert expected in message
    assert str(file) in message
    assert caught.value.exit_code == 2


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


STRANGER = 61_234


def give_away(path: Path, monkeypatch: pytest.MonkeyPatch, *, link: bool = False) -> None:
    """Make a file another user's: truly where root tests, else by being another user ourselves."""
    if os.geteuid() == 0:
        os.chown(path, STRANGER, -1, follow_symlinks=not link)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: STRANGER)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gatekeeper.toml", "[data]\nval = '3'"),
        ("gatekeeper.toml", "[eval]\npolicy = 'loose.toml'"),
        ("pyproject.toml", "[tool.gatekeeper.data]\nval = '3'"),
        ("pyproject.toml", "[tool.gatekeeper]\nbroken"),
    ],
)
def test_a_file_of_another_user_is_not_found_by_chance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    file = put(tmp_path, text, name)
    (tmp_path / "a" / "b").mkdir(parents=True)
    give_away(file, monkeypatch)
    with pytest.raises(UsageError) as caught:
        resolve_config(folder=tmp_path / "a" / "b")
    message = str(caught.value)
    assert message.startswith(f"configuration file {file} belongs to the user ")
    assert message.endswith(", who could have it decide for you; name it with --config if you trust it")


def test_a_link_of_another_user_is_not_followed_by_chance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = put(tmp_path / "mine", "")
    link = tmp_path / "gatekeeper.toml"
    link.symlink_to(mine)
    assert resolve_config(folder=tmp_path).file == link
    give_away(link, monkeypatch, link=True)
    with pytest.raises(UsageError, match="belongs to the user"):
        resolve_config(folder=tmp_path)


def test_a_file_of_another_user_counts_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(tmp_path, "[data]\nval = '3'")
    give_away(file, monkeypatch)
    assert resolve_config(file).data.val == parse_articles("3")


def test_a_pyproject_of_another_user_that_is_not_ours_is_passed_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = put(tmp_path, "[data]\nval = '3'")
    foreign = put(tmp_path / "a", "[project]\nname = 'x'", "pyproject.toml")
    if os.geteuid() == 0:
        give_away(foreign, monkeypatch)
    assert resolve_config(folder=tmp_path / "a").file == outer


def test_under_sudo_the_files_of_whoever_asked_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = put(tmp_path, "")
    if os.geteuid() == 0:
        os.chown(file, STRANGER, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    owner = file.stat().st_uid
    monkeypatch.setenv("SUDO_UID", str(owner))
    assert resolve_config(folder=tmp_path).file == file
    monkeypatch.setenv("SUDO_UID", str(owner + 1))
    if owner != 0:
        with pytest.raises(UsageError, match="belongs to the user"):
            resolve_config(folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gatekeeper.toml", "x = " + "[" * 100_000),
        ("gatekeeper.toml", "a." * 500_000),
        ("gatekeeper.toml", "#" * 2**21),
        ("pyproject.toml", "[tool.gatekeeper]\nx = " + "[" * 100_000),
        ("pyproject.toml", "[tool.gatekeeper]\n" + "#" * 2**21),
    ],
    ids=range(5),
)
def test_a_file_that_costs_more_than_any_configuration_is_refused(
    tmp_path: Path, name: str, text: str
) -> None:
    put(tmp_path, text, name)
    with pytest.raises(UsageError, match=r"tables and lists are nested|expected at most 1048576 bytes"):
        resolve_config(folder=tmp_path)


@pytest.mark.parametrize("text", ["a." * 500_000, "x = " + "[" * 100_000, "tool = 3", "#" * 2**21])
def test_a_strange_pyproject_of_somebody_else_is_passed_by(tmp_path: Path, text: str) -> None:
    outer = put(tmp_path, "")
    put(tmp_path / "a", text, "pyproject.toml")
    assert find_config(tmp_path / "a") == outer


def test_a_long_value_is_told_in_part(tmp_path: Path) -> None:
    file = put(tmp_path, "[eval]\npolicy = [" + "1," * 100_000 + "]")
    with pytest.raises(UsageError) as caught:
        load_config(file)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("where", "shown"),
    [(".", "gatekeeper.toml"), ("a/b", "../../gatekeeper.toml"), ("../elsewhere", "gatekeeper.toml")],
)
def test_a_report_shows_the_way_up_to_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, shown: str
) -> None:
    file = put(tmp_path / "project", "")
    (tmp_path / "project" / where).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(tmp_path / "project" / where)
    assert resolve_config(file).shown == shown
    assert Config().shown is None
