"""What the tags of a version say, and what is asked of the registry."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.deployment.target import Cleared, Release, ReleasedModel
from gatekeeper.deployment.verify import Demands, examine
from gatekeeper.integrations.mlflow import registry as module
from gatekeeper.integrations.mlflow.registry import Stored, connected, described, tags
from gatekeeper.integrations.mlflow.target import MlflowTarget
from schemas.errors import OutputError, ReportError, UsageError
from schemas.records.decision import PolicyUsed
from schemas.records.production import DeployedModel
from tests.gatekeeper.deployment.submissions import (
    NOW,
    POLICY,
    TRUSTED,
    make_report,
    make_submission,
    trusting,
)
from tests.gatekeeper.mlflow_stores import Store, client

MODEL = "a" * 64


def cleared(demands: Demands) -> Cleared:
    submission = make_submission(make_report(MODEL), TRUSTED)
    ruling = examine(submission, demands, model_sha256=MODEL, champion=None, now=NOW)
    return Cleared(Path("copy"), DeployedModel("model.pt", MODEL, 7), {}, ruling.decision)


@pytest.mark.parametrize("demands", [Demands(policy=POLICY), trusting(TRUSTED)])
@pytest.mark.parametrize("predecessor", [None, 1, 12])
def test_what_is_written_is_read(demands: Demands, predecessor: int | None) -> None:
    made = cleared(demands)
    found = described(Stored(13, "run", tags(made, "champion", predecessor)))
    assert found == Release(
        release=13,
        deployed="2026-01-31T13:00:00Z",
        model=ReleasedModel("model.pt", MODEL),
        report_sha256=made.decision.report_sha256,
        signer=made.decision.signer,
        policy=PolicyUsed("small", POLICY.sha256, ""),
        predecessor=predecessor,
    )
    assert (found.signer is None) == (not demands.trusted)


def _without(key: str) -> Callable[[dict[str, str]], object]:
    return lambda given: given.pop(f"gatekeeper.{key}")


def _empty(key: str) -> Callable[[dict[str, str]], object]:
    return lambda given: given.update({f"gatekeeper.{key}": ""})


REQUIRED = ("alias", "deployed", "model_file", "model_sha256", "report_sha256", "policy", "policy_sha256")


@pytest.mark.parametrize("key", REQUIRED)
@pytest.mark.parametrize("damage", [_without, _empty])
def test_a_version_without_a_tag_is_none_of_ours(
    key: str, damage: Callable[[str], Callable[[dict[str, str]], object]]
) -> None:
    given = tags(cleared(Demands(policy=POLICY)), "champion", None)
    damage(key)(given)
    with pytest.raises(ReportError) as caught:
        described(Stored(3, "run", given))
    assert str(caught.value) == (
        f"version 3 has no tag gatekeeper.{key}, so gatekeeper did not deploy it; "
        "point the alias at one that it did"
    )


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("model_file", "../model.pt", "version 3 names the model file '../model.pt'"),
        ("model_file", "model.exe", "version 3 names the model file 'model.exe'"),
        ("predecessor", "-1", "version 3 names the predecessor '-1', no version"),
        ("predecessor", "1234567890", "version 3 names the predecessor '1234567890', no version"),
        ("predecessor", "", "version 3 names the predecessor '', no version"),
        ("predecessor", "x\n" * 100, "version 3 names the predecessor 'x\\nx"),
    ],
)
def test_a_damaged_tag_is_told(key: str, value: str, says: str) -> None:
    given = tags(cleared(Demands(policy=POLICY)), "champion", 2) | {f"gatekeeper.{key}": value}
    with pytest.raises(ReportError) as caught:
        described(Stored(3, "run", given))
    assert str(caught.value).startswith(says)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["model.pt", "model.pt2", "model.safetensors", "model.pth", "model.bin"])
def test_names_that_earlier_versions_gave_a_model_are_read(name: str) -> None:
    given = tags(cleared(Demands(policy=POLICY)), "champion", None) | {"gatekeeper.model_file": name}
    assert described(Stored(1, "run", given)).model.file == name


# With a store.


@pytest.mark.usefixtures("registry")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")
def test_all_versions_are_found_newest_first_on_however_many_pages(
    target: MlflowTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    with target.connected() as found:
        assert (found.current(), found.versions()) == (None, [])
        client().create_registered_model(target.name)
        assert found.current() is None
        for number in range(5):
            client().create_model_version(target.name, f"s3://bucket/{number}")
        monkeypatch.setattr(module, "_PAGE", 2)
        assert [each.number for each in found.versions()] == [5, 4, 3, 2, 1]
        found.switch(None, 4, "never")
        assert found.current() == found.version(4)
        assert found.version(4).tags == {}


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")
def test_whatever_goes_wrong_in_mlflow_is_one_line_and_ours_is_as_it_is(
    registry: Store, target: MlflowTarget
) -> None:
    with pytest.raises(OutputError) as caught, target.connected():
        raise ValueError("odd\nhttp://user:secret@host\n" + "x" * 1000)
    told = str(caught.value)
    assert told.startswith(f"{target}: MLflow failed: odd http://host x")
    assert told.endswith("; is MLFLOW_TRACKING_URI right?")
    assert len(told) < 400
    with pytest.raises(UsageError, match=r"^ours$"), connected("a", "b"):
        raise UsageError("ours")
    with pytest.raises(OutputError, match="not found"), target.connected() as found:
        found.version(7)
