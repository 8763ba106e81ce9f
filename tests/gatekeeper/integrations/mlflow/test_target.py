"""What MLflow's registry does besides what every target does."""

import contextlib
import hashlib
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.deployment.deploy import deploy, roll_back
from gatekeeper.deployment.target import Release
from gatekeeper.deployment.verify import Demands
from gatekeeper.evaluation.companions import envelope_path
from gatekeeper.integrations.mlflow.registry import Registry, Stored
from gatekeeper.integrations.mlflow.target import MlflowTarget, parse_target
from schemas.errors import ModelError, OutputError, ReportError, UsageError
from schemas.records.report import ScoresFile
from tests.gatekeeper.deployment.conftest import Offers
from tests.gatekeeper.deployment.submissions import (
    NOW,
    POLICY,
    RELATIVE,
    TRUSTED,
    Offer,
    make_report,
    report_bytes,
    trusting,
)
from tests.gatekeeper.mlflow_stores import Store, client

mlflow = pytest.importorskip("mlflow")

# MLflow uses what sqlalchemy has deprecated. Inside a deployment that is silenced; this is for what the
# tests themselves ask of MLflow.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")

ANY, BETTER = Demands(policy=POLICY), Demands(policy=RELATIVE)


def put(offer: Offer, target: MlflowTarget, demands: Demands = ANY) -> Release:
    found = deploy(offer.model, offer.submission, demands, target, now=NOW).production
    assert found is not None
    return found


def aliased(target: MlflowTarget) -> int:
    return int(client().get_model_version_by_alias(target.name, target.alias).version)


def versions(target: MlflowTarget) -> list[int]:
    found = client().search_model_versions(f"name='{target.name}'")
    return sorted(int(each.version) for each in found)


def numbers(target: MlflowTarget) -> list[int]:
    return [each.release for each in target.history()]


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
def test_good_targets_are_those_mlflow_takes(name: str, alias: str, registry: Store) -> None:
    assert str(parse_target(f"mlflow:{name}@{alias}")) == f"mlflow:{name}@{alias}"
    with contextlib.suppress(mlflow.MlflowException):
        client().create_registered_model(name)
    client().set_registered_model_alias(name, alias, client().create_model_version(name, "s3://b/x").version)


def test_what_mlflow_keeps_of_a_release(
    registry: Store, target: MlflowTarget, offers: Offers, capfd: pytest.CaptureFixture[str]
) -> None:
    offer = offers("one", key=TRUSTED, scores=b"the scores")
    made = put(offer, target, trusting(TRUSTED))
    assert capfd.readouterr() == ("", "")
    assert aliased(target) == made.release == 1
    version = client().get_model_version_by_alias(target.name, target.alias)
    assert version.tags == {
        "gatekeeper.alias": "champion",
        "gatekeeper.deployed": "2026-01-31T13:00:00Z",
        "gatekeeper.model_file": "model.pt",
        "gatekeeper.model_sha256": offer.digest,
        "gatekeeper.report_sha256": offer.submission.sha256,
        "gatekeeper.policy": "small",
        "gatekeeper.policy_sha256": POLICY.sha256,
        "gatekeeper.signer": made.signer,
    }
    kept = {
        "model/model.pt": offer.model,
        "report/report.json": offer.report,
        "report/report.dsse.json": envelope_path(offer.report),
        "report/one.report.scores.npz": offer.report.with_name("one.report.scores.npz"),
    }
    for name, file in kept.items():
        assert registry.artifact(target, 1, name).read_bytes() == file.read_bytes()
    assert client().get_run(version.run_id).info.status == "FINISHED"
    put(offers("two"), target)
    tags = client().get_model_version(target.name, "2").tags
    assert tags["gatekeeper.predecessor"] == "1"
    assert "gatekeeper.signer" not in tags


def test_what_is_blocked_leaves_no_trace(registry: Store, target: MlflowTarget, offers: Offers) -> None:
    bad = offers("bad", cosine=0.4)
    assert deploy(bad.model, bad.submission, ANY, target, now=NOW).production is None
    assert client().search_registered_models(f"name='{target.name}'") == []
    put(offers("good"), target)
    experiment = client().get_experiment_by_name(f"gatekeeper/{target.name}").experiment_id
    assert deploy(bad.model, bad.submission, ANY, target, now=NOW).production is None
    assert (aliased(target), versions(target)) == (1, [1])
    assert len(client().search_runs([experiment])) == 1


def test_a_version_says_when_it_left_and_by_what(
    registry: Store, target: MlflowTarget, offers: Offers
) -> None:
    for name in ("one", "two", "three"):
        put(offers(name), target)
    moment = datetime(2026, 10, 1, 12, tzinfo=UTC)
    assert roll_back(target, now=moment).release == aliased(target) == 2
    assert roll_back(target, now=moment + timedelta(minutes=1)).release == aliased(target) == 1
    with pytest.raises(UsageError, match="version 1 has no predecessor to roll back to"):
        roll_back(target)
    assert [(each.release, each.left) for each in target.history()] == [
        (3, "2026-10-01T12:00:00Z by rollback"),
        (2, "2026-10-01T12:01:00Z by rollback"),
        (1, None),
    ]
    again = put(offers("four"), target)
    assert (again.release, again.predecessor) == (4, 1)
    assert target.history()[-1].left == f"{again.deployed} by deploy"


def test_a_tampered_model_is_not_restored(registry: Store, target: MlflowTarget, offers: Offers) -> None:
    put(offers("one"), target)
    put(offers("two"), target)
    registry.artifact(target, 1, "model/model.pt").write_bytes(b"something else")
    with pytest.raises(ModelError, match="the model of version 1 is damaged: expected SHA-256 ") as caught:
        roll_back(target)
    assert "\n" not in str(caught.value)
    assert aliased(target) == 2


def test_a_tampered_report_is_no_champion_and_not_restored(
    registry: Store, target: MlflowTarget, offers: Offers
) -> None:
    put(offers("one"), target)
    put(offers("two"), target)
    for number in (1, 2):
        report = registry.artifact(target, number, "report/report.json")
        report.write_bytes(report.read_bytes() + b"\n")
    with pytest.raises(ReportError, match="the report of version 2 is damaged: expected SHA-256 "):
        put(offers("three"), target, BETTER)
    with pytest.raises(ReportError, match="the report of version 1 is damaged: expected SHA-256 "):
        roll_back(target)
    assert (aliased(target), versions(target)) == (2, [1, 2])


def test_a_tag_that_names_another_model(registry: Store, target: MlflowTarget, offers: Offers) -> None:
    put(offers("one"), target)
    client().set_model_version_tag(target.name, "1", "gatekeeper.model_sha256", "0" * 64)
    with pytest.raises(ReportError, match="is about another model"):
        put(offers("two"), target, BETTER)
    client().set_model_version_tag(target.name, "1", "gatekeeper.model_file", "../report/report.json")
    with pytest.raises(ReportError, match="version 1 names the model file"):
        put(offers("two"), target, BETTER)
    assert aliased(target) == 1


def test_what_was_stored_must_be_what_was_checked(
    registry: Store, target: MlflowTarget, offers: Offers, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(offers("one"), target)
    register = Registry.register

    def tamper(self: Registry, run: str, tags: dict[str, str]) -> Stored:
        made = register(self, run, tags)
        registry.artifact(target, made.number, "model/model.pt").write_bytes(b"something else")
        return made

    monkeypatch.setattr(Registry, "register", tamper)
    with pytest.raises(ModelError, match="the model of version 2 is damaged"):
        put(offers("two"), target)
    assert aliased(target) == 1
    assert numbers(target) == [1]


@pytest.mark.parametrize(
    "step", ["create_model_version", "set_model_version_tag", "set_registered_model_alias"]
)
def test_a_crash_leaves_the_alias(
    registry: Store, target: MlflowTarget, offers: Offers, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    put(offers("one"), target)

    def crash(*args: object, **keywords: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, step, crash)
        with pytest.raises(KeyboardInterrupt):
            put(offers("two"), target)
    assert (aliased(target), numbers(target)) == (1, [1])
    again = put(offers("two"), target)
    assert again.predecessor == 1
    assert aliased(target) == again.release == (2 if step == "create_model_version" else 3)
    assert numbers(target) == [again.release, 1]


def test_another_deployment_at_the_same_time(
    registry: Store, target: MlflowTarget, offers: Offers, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(offers("one"), target)
    put(offers("two"), target)
    check = Registry.check_model

    def meanwhile(self: Registry, *args: Any) -> None:  # noqa: ANN401  (handed on as they are)
        check(self, *args)
        client().set_registered_model_alias(target.name, target.alias, "1")

    monkeypatch.setattr(Registry, "check_model", meanwhile)
    with pytest.raises(UsageError, match="another deployment moved the alias to version 1 meanwhile"):
        put(offers("three"), target)
    assert aliased(target) == 1


def test_a_signature_that_is_lost_leaves_no_champion(
    registry: Store, target: MlflowTarget, offers: Offers
) -> None:
    put(offers("one", key=TRUSTED), target)  # kept, though nobody asked for it
    demands = trusting(TRUSTED, policy=RELATIVE)
    put(offers("two", key=TRUSTED), target, demands)
    registry.artifact(target, 2, "report/report.dsse.json").unlink()
    with pytest.raises(ReportError, match="is not signed"):
        put(offers("three", key=TRUSTED), target, demands)
    assert aliased(target) == 2


def test_a_version_that_gatekeeper_did_not_make(
    registry: Store, target: MlflowTarget, offers: Offers
) -> None:
    client().create_registered_model(target.name)
    version = client().create_model_version(target.name, "s3://bucket/model")
    client().set_registered_model_alias(target.name, target.alias, version.version)
    with pytest.raises(
        ReportError, match=r"version 1 has no tag gatekeeper\.alias, so gatekeeper did not deploy"
    ):
        put(offers("one"), target, BETTER)
    made = put(offers("one"), target)
    assert (made.predecessor, aliased(target)) == (1, 2)
    with pytest.raises(ReportError, match="version 1 has no tag"):
        roll_back(target)
    assert numbers(target) == [2]


@pytest.mark.parametrize("name", ["report.json", "report.dsse.json", "..", "model.pt"])
def test_scores_cannot_take_the_place_of_another_file(
    registry: Store, target: MlflowTarget, offers: Offers, name: str
) -> None:
    offer = offers("one")
    report = make_report(offer.digest, scores=ScoresFile(name, hashlib.sha256(b"scores").hexdigest()))
    if name != "..":
        offer.report.with_name(name).write_bytes(b"scores")
    offer.report.write_bytes(report_bytes(report))
    submission = offer.submission
    assert deploy(offer.model, submission, ANY, target, now=NOW).production is not None
    assert registry.artifact(target, 1, "report/report.json").read_bytes() == submission.report
    assert registry.artifact(target, 1, "model/model.pt").read_bytes() == offer.model.read_bytes()
    put(offers("two"), target)
    assert roll_back(target).release == 1


def test_aliases_have_histories_of_their_own(registry: Store, target: MlflowTarget, offers: Offers) -> None:
    staging = MlflowTarget(target.name, "staging")
    for name, place in (("one", staging), ("two", target), ("three", staging)):
        put(offers(name), place)
    assert (aliased(staging), aliased(target)) == (3, 2)
    assert [numbers(of) for of in (staging, target)] == [[3, 1], [2]]
    client().set_registered_model_alias(target.name, target.alias, "3")
    with pytest.raises(
        UsageError, match="version 3 was deployed to @staging, so its predecessor is not known"
    ):
        roll_back(target)
    assert roll_back(staging).release == 1


def everything(target: MlflowTarget, offer: Offer) -> list[Callable[[], object]]:
    return [lambda: put(offer, target), lambda: roll_back(target), target.history]


def test_no_server(
    target: MlflowTarget, offers: Offers, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://user:secret@127.0.0.1:{probe.getsockname()[1]}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        for call in everything(target, offers("one")):
            with pytest.raises(
                OutputError, match=r"MLflow failed: .*is MLFLOW_TRACKING_URI right\?"
            ) as caught:
                call()
            assert caught.value.exit_code == 3
            assert "\n" not in str(caught.value)
            assert "secret" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_no_mlflow(target: MlflowTarget, offers: Offers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    for call in everything(target, offers("one")):
        with pytest.raises(
            UsageError, match=r"mlflow is not installed; pip install 'gatekeeper-5cat\[mlflow\]'"
        ):
            call()


def test_no_address(
    target: MlflowTarget, offers: Offers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for call in everything(target, offers("one")):
        with pytest.raises(UsageError, match="MLFLOW_TRACKING_URI is not set"):
            call()
    assert list(Path().iterdir()) == []


def test_no_room_for_the_copy(
    registry: Store, target: MlflowTarget, offers: Offers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(registry.folder / "nowhere"))
    with pytest.raises(OutputError, match="cannot copy to a temporary folder: No such file or directory; "):
        put(offers("one"), target)
