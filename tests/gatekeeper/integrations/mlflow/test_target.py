"""Deployments to a real tracking server of MLflow, and straight to its database."""

import contextlib
import hashlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.deployment.signing.keys import key_id, load_private, load_public
from gatekeeper.deployment.signing.sign import sign_report
from gatekeeper.deployment.verify import Demands, model_digest, read_submission
from gatekeeper.integrations.mlflow import target as mlflow_target
from gatekeeper.integrations.mlflow.registry import MlflowTarget, Registry
from gatekeeper.integrations.mlflow.target import Deployed, deploy, history, parse_target, roll_back
from schemas.errors import GatekeeperError, ModelError, OutputError, ReportError, UsageError
from schemas.reading.policy import load_policy
from tests.gatekeeper.forgery import MARGIN, Files, copy_files, forge, invoke, make_files, measured, refusal

mlflow = pytest.importorskip("mlflow")

# MLflow uses what sqlalchemy has deprecated. Inside a deployment that is silenced; this is for what the
# tests themselves ask of MLflow.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")

CHAMPION = """
[[champion]]
metric = "offset_sweep.margin"
splits = ["ood"]
min_gain = 0.0
decide = "bound"
"""
START_SECONDS = 60.0


@dataclass(frozen=True)
class Store:
    """A tracking URI, and the folder below which its artifacts lie."""

    uri: str
    folder: Path


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("database")
    store = Store(f"sqlite:///{folder / 'store.db'}", folder)
    before = os.getcwd()
    os.chdir(folder)
    try:
        mlflow.MlflowClient(store.uri).search_experiments()  # makes the tables
    finally:
        os.chdir(before)
    return store


@pytest.fixture(scope="session")
def server(database: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(database.folder / "store.db", folder)  # making the tables again would take seconds
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'store.db'}"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    quiet = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=quiet, stdout=log, stderr=log, start_new_session=True
        )
    try:
        uri = f"http://127.0.0.1:{port}"
        wait_for(f"{uri}/health", process, folder / "log")
        yield Store(uri, folder)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    pytest.fail(f"the server did not start:\n{log.read_text()}")


@pytest.fixture(params=["database", "server"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    found: Store = request.getfixturevalue(request.param)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", found.uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.chdir(found.folder)  # artifacts go to ./mlruns where no server says otherwise
    return found


WITHOUT_SERVER = pytest.mark.parametrize("store", ["database"], indirect=True)
"""Where a server would only take longer."""

NUMBERS = itertools.count(1)


@pytest.fixture
def target() -> MlflowTarget:
    """A registered model of its own for every test; MLflow allows spaces."""
    return parse_target(f"mlflow:next embedding.{next(NUMBERS)}@champion")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make_files(tmp_path_factory.mktemp("files") / "made")


@pytest.fixture
def rules(files: Files) -> Demands:
    """The seed policy with a rule that nothing may get worse, decided on the paired scores."""
    return Demands(policy=load_policy(str(files.policy(CHAMPION))))


SEED = Demands(policy=load_policy("seed-5cat"))


def put(files: Files, target: MlflowTarget, which: str = "best", demands: Demands = SEED) -> Deployed:
    report = files.folder / f"{which}.report.json"
    return deploy(files.folder / f"{which}.pt", read_submission(report), demands, target)


def below(files: Files) -> Path:
    """A report of the best model in which one figure is too low."""
    path = files.folder / "below.report.json"
    forge(measured(files.read(), MARGIN, "val", value=0.03), path)
    return path


def client() -> Any:  # noqa: ANN401  (MLflow may be missing where the types are checked)
    return mlflow.MlflowClient()


def aliased(target: MlflowTarget) -> int:
    return int(client().get_model_version_by_alias(target.name, target.alias).version)


def versions(target: MlflowTarget) -> list[int]:
    found = client().search_model_versions(f"name='{target.name}'")
    return sorted(int(each.version) for each in found)


def stored(store: Store, target: MlflowTarget, number: int, pattern: str) -> Path:
    """A file that MLflow keeps for a version."""
    run = client().get_model_version(target.name, str(number)).run_id
    (found,) = store.folder.rglob(f"{run}/artifacts/{pattern}")
    return found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mlflow:",
        "mlflow:name",
        "mlflow:name@",
        "mlflow:@alias",
        "mlflow:a/b@alias",
        "mlflow:a:b@alias",
        "mlflow:a%2fb@alias",
        "mlflow:a?b@alias",
        "mlflow:a#b@alias",
        "mlflow:a'b@alias",
        "mlflow:a@b@alias",
        "mlflow:.@alias",
        "mlflow:..@alias",
        "mlflow:...@alias",
        "mlflow: a@alias",
        "mlflow:a\nb@alias",
        f"mlflow:{'a' * 257}@alias",
        "mlflow:name@latest",
        "mlflow:name@Latest",
        "mlflow:name@v1",
        "mlflow:name@V12",
        "mlflow:name@a.b",
        "mlflow:name@a b",
        "mlflow:name@alias\n",
        "MLFLOW:name@alias",
        "name@alias",
    ],
)
def test_bad_targets(text: str) -> None:
    with pytest.raises(UsageError, match="expected mlflow:NAME@ALIAS, found ") as caught:
        parse_target(text)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "alias"), [("a", "b"), (".a.", "latest2"), ("Ünï_code.x-1 y", "v1a"), ("mlflow", "Prod_2-x")]
)
def test_good_targets_are_those_mlflow_takes(name: str, alias: str, store: Store) -> None:
    assert str(parse_target(f"mlflow:{name}@{alias}")) == f"mlflow:{name}@{alias}"
    with contextlib.suppress(mlflow.MlflowException):
        client().create_registered_model(name)
    client().set_registered_model_alias(name, alias, client().create_model_version(name, "s3://b/x").version)


def test_first_deployment(
    store: Store, target: MlflowTarget, files: Files, capfd: pytest.CaptureFixture[str]
) -> None:
    moment = datetime.now(UTC)
    done = deploy(files.model, read_submission(files.report), SEED, target, now=moment)
    assert capfd.readouterr() == ("", "")
    assert done.version is not None
    assert aliased(target) == done.version.number == 1
    version = client().get_model_version_by_alias(target.name, target.alias)
    assert version.tags == {
        "gatekeeper.alias": "champion",
        "gatekeeper.deployed": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "gatekeeper.model_file": "model.pt",
        "gatekeeper.model_sha256": model_digest(files.model),
        "gatekeeper.report_sha256": read_submission(files.report).sha256,
        "gatekeeper.policy": "seed-5cat",
        "gatekeeper.policy_sha256": SEED.policy.sha256,
    }
    served = Path(
        mlflow.artifacts.download_artifacts(
            f"models:/{target.name}@{target.alias}", dst_path=files.folder / "out"
        )
    )
    assert (served / "model.pt").read_bytes() == files.model.read_bytes()
    for file in (files.report, files.scores):
        name = "report.json" if file == files.report else file.name
        assert stored(store, target, 1, f"report/{name}").read_bytes() == file.read_bytes()
    assert client().get_run(version.run_id).info.status == "FINISHED"
    assert history(target) == (done.version,)


def test_the_champion_is_what_the_alias_points_at(
    store: Store, target: MlflowTarget, files: Files, rules: Demands
) -> None:
    first = put(files, target, "weaker", rules)
    assert any(note.startswith("first deployment") for note in first.ruling.decision.notes)
    second = put(files, target, "best", rules)
    used = second.ruling.decision.champion
    assert used is not None
    assert used.report_sha256 == read_submission(files.weaker_report).sha256
    assert used.model_sha256 == model_digest(files.weaker)
    assert second.version is not None
    assert (second.version.predecessor, aliased(target)) == (1, 2)


def test_what_is_blocked_leaves_no_trace(
    store: Store, target: MlflowTarget, files: Files, rules: Demands
) -> None:
    put(files, target, "best", rules)
    experiment = client().get_experiment_by_name(f"gatekeeper/{target.name}").experiment_id
    done = put(files, target, "weaker", rules)
    assert done.version is None
    assert done.ruling.decision.judgement.verdict.outcome == "blocked"
    assert (aliased(target), versions(target)) == (1, [1])
    assert len(client().search_runs([experiment])) == 1


def test_blocked_before_anything_was_deployed(store: Store, target: MlflowTarget, files: Files) -> None:
    done = deploy(files.model, read_submission(below(files)), SEED, target)
    assert done.ruling.decision.judgement.verdict.outcome == "blocked"
    assert done.version is None
    assert client().search_registered_models(f"name='{target.name}'") == []
    assert history(target) == ()


def test_rolling_back_twice_goes_back_twice(store: Store, target: MlflowTarget, files: Files) -> None:
    for which in ("best", "weaker", "best"):
        put(files, target, which)
    assert aliased(target) == 3
    moment = datetime(2026, 10, 1, 12, tzinfo=UTC)
    assert roll_back(target, now=moment).number == aliased(target) == 2
    assert roll_back(target, now=moment + timedelta(minutes=1)).number == aliased(target) == 1
    with pytest.raises(UsageError, match="version 1 has no predecessor to roll back to"):
        roll_back(target)
    assert [(each.number, each.left) for each in history(target)] == [
        (3, "2026-10-01T12:00:00Z by rollback"),
        (2, "2026-10-01T12:01:00Z by rollback"),
        (1, None),
    ]
    again = put(files, target)
    assert again.version is not None
    assert (again.version.number, again.version.predecessor) == (4, 1)
    assert roll_back(target).number == aliased(target) == 1


def test_nothing_to_roll_back(store: Store, target: MlflowTarget) -> None:
    with pytest.raises(UsageError, match="nothing is deployed"):
        roll_back(target)
    assert history(target) == ()


def test_a_tampered_model_is_not_restored(store: Store, target: MlflowTarget, files: Files) -> None:
    put(files, target)
    put(files, target, "weaker")
    stored(store, target, 1, "model/model.pt").write_bytes(files.weaker.read_bytes())
    with pytest.raises(ModelError, match="the model of version 1 is damaged: expected SHA-256 ") as caught:
        roll_back(target)
    assert "\n" not in str(caught.value)
    assert aliased(target) == 2


def test_a_tampered_report_is_no_champion(
    store: Store, target: MlflowTarget, files: Files, rules: Demands
) -> None:
    put(files, target, "weaker", rules)
    put(files, target, "best", rules)
    for number in (1, 2):
        report = stored(store, target, number, "report/report.json")
        report.write_bytes(report.read_bytes() + b"\n")
    with pytest.raises(ReportError, match="the report of version 2 is damaged: expected SHA-256 "):
        put(files, target, "best", rules)
    with pytest.raises(ReportError, match="the report of version 1 is damaged: expected SHA-256 "):
        roll_back(target)
    assert (aliased(target), versions(target)) == (2, [1, 2])


@WITHOUT_SERVER
def test_a_tag_that_names_another_model(
    store: Store, target: MlflowTarget, files: Files, rules: Demands
) -> None:
    put(files, target, "weaker", rules)
    client().set_model_version_tag(target.name, "1", "gatekeeper.model_sha256", "0" * 64)
    with pytest.raises(ReportError, match="is about another model"):
        put(files, target, "best", rules)
    client().set_model_version_tag(target.name, "1", "gatekeeper.model_file", "../report/report.json")
    with pytest.raises(ReportError, match="version 1 names the model file"):
        put(files, target, "best", rules)
    assert aliased(target) == 1


@WITHOUT_SERVER
def test_what_was_stored_must_be_what_was_checked(
    store: Store, target: MlflowTarget, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(files, target)
    register = Registry.register

    def tamper(self: Registry, run: str, tags: dict[str, str]) -> int:
        number = register(self, run, tags)
        stored(store, target, number, "model/model.pt").write_bytes(b"something else")
        return number

    monkeypatch.setattr(Registry, "register", tamper)
    with pytest.raises(ModelError, match="the model of version 2 is damaged"):
        put(files, target, "weaker")
    assert aliased(target) == 1
    assert [each.number for each in history(target)] == [1]


@pytest.mark.parametrize(
    "step", ["create_model_version", "set_model_version_tag", "set_registered_model_alias"]
)
def test_a_crash_leaves_the_alias(
    store: Store, target: MlflowTarget, files: Files, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    put(files, target)

    def crash(*args: object, **keywords: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, step, crash)
        with pytest.raises(KeyboardInterrupt):
            put(files, target, "weaker")
    assert aliased(target) == 1
    assert [each.number for each in history(target)] == [1]
    again = put(files, target, "weaker")
    assert again.version is not None
    assert again.version.predecessor == 1
    assert aliased(target) == again.version.number == (2 if step == "create_model_version" else 3)
    assert [each.number for each in history(target)] == [again.version.number, 1]


@WITHOUT_SERVER
def test_another_deployment_at_the_same_time(
    store: Store, target: MlflowTarget, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(files, target)
    put(files, target, "weaker")
    check = Registry.check_model

    def meanwhile(self: Registry, *args: Any) -> None:  # noqa: ANN401  (handed on as they are)
        check(self, *args)
        client().set_registered_model_alias(target.name, target.alias, "1")

    monkeypatch.setattr(Registry, "check_model", meanwhile)
    with pytest.raises(UsageError, match="another deployment moved the alias to version 1 meanwhile"):
        put(files, target)
    assert aliased(target) == 1


@WITHOUT_SERVER
def test_signatures_are_stored_and_asked_of_the_champion(
    store: Store, target: MlflowTarget, files: Files, tmp_path: Path
) -> None:
    signed = copy_files(files, tmp_path / "signed")
    for report in (signed.report, signed.weaker_report):
        sign_report(report, load_private(str(signed.key)))
    public = load_public(str(signed.public))
    demands = Demands(policy=load_policy(str(signed.policy(CHAMPION))), trusted=(public,))
    put(signed, target, "weaker", demands)
    done = put(signed, target, "best", demands)
    assert done.version is not None
    assert done.version.signer == key_id(public)
    kept = stored(store, target, 2, "report/report.dsse.json")
    assert kept.read_bytes() == signed.signature.read_bytes()
    kept.unlink()
    with pytest.raises(ReportError, match="is not signed"):
        put(signed, target, "best", demands)
    assert aliased(target) == 2


def test_a_version_that_gatekeeper_did_not_make(
    store: Store, target: MlflowTarget, files: Files, rules: Demands
) -> None:
    client().create_registered_model(target.name)
    version = client().create_model_version(target.name, "s3://bucket/model")
    client().set_registered_model_alias(target.name, target.alias, version.version)
    with pytest.raises(
        ReportError, match=r"version 1 has no tag gatekeeper\.alias, so gatekeeper did not deploy"
    ):
        put(files, target, "best", rules)
    done = put(files, target)
    assert done.version is not None
    assert (done.version.predecessor, aliased(target)) == (1, 2)
    with pytest.raises(ReportError, match="version 1 has no tag"):
        roll_back(target)
    assert [each.number for each in history(target)] == [2]


@WITHOUT_SERVER
@pytest.mark.parametrize("name", ["report.json", "report.dsse.json", "..", "model.pt"])
def test_scores_cannot_take_the_place_of_another_file(
    store: Store, target: MlflowTarget, files: Files, tmp_path: Path, name: str
) -> None:
    honest = files.read()
    assert honest.scores is not None
    scores = replace(honest.scores, name=name, sha256=hashlib.sha256(b"scores").hexdigest())
    report = tmp_path / "own.json"
    forge(replace(honest, scores=scores), report)
    if name != "..":
        (tmp_path / name).write_bytes(b"scores")
    assert deploy(files.model, read_submission(report), SEED, target).version is not None
    assert stored(store, target, 1, "report/report.json").read_bytes() == report.read_bytes()
    assert stored(store, target, 1, "model/model.pt").read_bytes() == files.model.read_bytes()
    put(files, target)
    assert roll_back(target).number == 1


@WITHOUT_SERVER
def test_aliases_have_histories_of_their_own(store: Store, target: MlflowTarget, files: Files) -> None:
    staging = MlflowTarget(target.name, "staging")
    put(files, staging)
    put(files, target, "weaker")
    put(files, staging, "weaker")
    assert (aliased(staging), aliased(target)) == (3, 2)
    assert [[each.number for each in history(of)] for of in (staging, target)] == [[3, 1], [2]]
    client().set_registered_model_alias(target.name, target.alias, "3")
    with pytest.raises(
        UsageError, match="version 3 was deployed to @staging, so its predecessor is not known"
    ):
        roll_back(target)
    assert roll_back(staging).number == 1


@WITHOUT_SERVER
def test_a_model_that_changes_while_it_is_copied(
    store: Store, target: MlflowTarget, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = iter(["0" * 64, "1" * 64])
    monkeypatch.setattr(mlflow_target, "model_digest", lambda path: next(digests))
    with pytest.raises(ModelError, match="changed while it was copied"):
        put(files, target)
    assert history(target) == ()


def test_no_server(
    target: MlflowTarget, files: Files, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://user:secret@127.0.0.1:{probe.getsockname()[1]}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        calls: list[Callable[[], object]] = [
            lambda: put(files, target),
            lambda: roll_back(target),
            lambda: history(target),
        ]
        for call in calls:
            with pytest.raises(
                OutputError, match=r"MLflow failed: .*is MLFLOW_TRACKING_URI right\?"
            ) as caught:
                call()
            assert caught.value.exit_code == 3
            assert "\n" not in str(caught.value)
            assert "secret" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_no_mlflow(target: MlflowTarget, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(UsageError, match=r"mlflow is not installed; pip install 'gatekeeper-5cat\[mlflow\]'"):
        put(files, target)


def test_no_address(
    target: MlflowTarget, files: Files, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(UsageError, match="MLFLOW_TRACKING_URI is not set"):
        put(files, target)
    assert list(tmp_path.iterdir()) == []


@WITHOUT_SERVER
def test_our_own_errors_pass_unchanged(store: Store, target: MlflowTarget, files: Files) -> None:
    with pytest.raises(GatekeeperError, match="is about another model"):
        deploy(files.model, read_submission(files.weaker_report), SEED, target)
    with pytest.raises(ModelError, match="cannot read the model"):
        deploy(files.folder / "absent.pt", read_submission(files.report), SEED, target)


class TestCommandLine:
    def test_deploy_history_rollback(self, store: Store, target: MlflowTarget, files: Files) -> None:
        for which in ("weaker", "best"):
            report = files.folder / f"{which}.report.json"
            done = invoke("deploy", files.folder / f"{which}.pt", "--report", report, "--to", str(target))
            assert done.exit_code == 0, done.output
            assert done.stderr == ""
        assert done.stdout.endswith(f" as version 2; it is models:/{target.name}@champion\n")
        back = invoke("deploy", "--to", str(target), "--rollback")
        assert (back.exit_code, aliased(target)) == (0, 1)
        assert back.stdout.startswith("rolled back to version 1: model ")
        listed = invoke("deploy", "--to", str(target), "--history").stdout.splitlines()
        assert [line.split()[0] for line in listed[2:]] == ["2", "1"]
        assert "by rollback" in listed[2]
        assert "in production" in listed[3]

    @WITHOUT_SERVER
    def test_blocked(self, store: Store, target: MlflowTarget, files: Files) -> None:
        bad = below(files)
        done = invoke("deploy", files.model, "--report", bad, "--to", str(target))
        assert done.exit_code == 1
        assert "BLOCKED: " in refusal(done)

    def test_bad_target(self, files: Files) -> None:
        for arguments in (
            ("deploy", files.model, "--report", files.report, "--to", "mlflow:a/b@c"),
            ("deploy", "--to", "mlflow:a/b@c", "--rollback"),
            ("deploy", "--to", "mlflow:a/b@c", "--history"),
        ):
            done = invoke(*arguments)
            assert done.exit_code == 2
            assert "expected mlflow:NAME@ALIAS" in refusal(done)

    def test_no_server(self, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        done = invoke("deploy", files.model, "--report", files.report, "--to", "mlflow:a@b")
        assert done.exit_code == 3
        assert "MLflow failed: " in refusal(done)


@pytest.mark.parametrize("store", ["server"], indirect=True)
def test_nothing_is_printed_by_mlflow_in_a_process_of_its_own(
    store: Store, target: MlflowTarget, files: Files
) -> None:
    command = [sys.executable, "-m", "gatekeeper", "deploy", str(files.model), "--report", str(files.report)]
    root = str(Path(__file__).parents[4])
    found = subprocess.run(
        [*command, "--to", str(target)],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.splitlines()[-1].startswith("deployed model ")
    assert "View run" not in found.stdout
