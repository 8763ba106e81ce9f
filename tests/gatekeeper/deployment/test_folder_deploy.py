"""Deployments: what is served and what is recorded."""

import json
import os
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gatekeeper.deployment.folder import DeploymentFolder, FolderTurn
from gatekeeper.deployment.releases import history, production
from gatekeeper.deployment.signing.keys import key_id
from gatekeeper.evaluation.companions import envelope_path
from schemas.errors import ReportError
from schemas.records.production import Predecessor
from schemas.records.report import ScoresFile
from tests.gatekeeper.deployment.folders import STAMP, Offers, back, model_of, numbers
from tests.gatekeeper.deployment.served import ANY, deploy, put, served, sha256, snapshot
from tests.gatekeeper.deployment.submissions import (
    FOREIGN,
    NOW,
    POLICY,
    TRUSTED,
    Offer,
    make_report,
    report_bytes,
    trusting,
)
from tests.model_files import model_bytes

pytestmark = pytest.mark.usefixtures("quick")


# Deploying.


def test_nothing_is_in_production_before_the_first_deployment(target: Path) -> None:
    assert production(target) is None
    assert history(target) == ()
    target.mkdir()
    assert production(target) is None
    assert history(target) == ()
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("depth", ["production", "a/b/production"])
def test_the_first_deployment_makes_the_folder(
    offers: Offers, tmp_path: Path, depth: str, there: bool
) -> None:
    target, offer = tmp_path / depth, offers("one")
    if there:
        target.mkdir(parents=True)
    found = put(offer, target)
    assert numbers(found) == (1, None, None, None)
    assert {path.name for path in target.iterdir()} == {
        ".lock", ".reserve-for-rollback", "current", "PRODUCTION.json", "releases", "models", "reports"
    }  # fmt: skip
    assert [path.name for path in (target / "models").iterdir()] == [f"{offer.digest}.pt"]
    assert [path.name for path in (target / "reports").iterdir()] == [offer.submission.sha256]
    assert (target / "current" / "model.pt").read_bytes() == offer.model.read_bytes()
    assert os.readlink(target / "PRODUCTION.json") == "current/PRODUCTION.json"


def test_the_record_names_everything_that_was_decided_on(offers: Offers, target: Path) -> None:
    first, second = offers("one", key=TRUSTED), offers("two", key=TRUSTED)
    put(first, target, trusting(TRUSTED))
    put(second, target, trusting(FOREIGN, TRUSTED))
    size = second.model.stat().st_size
    assert json.loads((target / "PRODUCTION.json").read_text()) == {
        "schema_version": "1.0",
        "release": 2,
        "action": "deploy",
        "deployed": STAMP,
        "model": {"file": "model.pt", "sha256": second.digest, "bytes": size},
        "report_sha256": second.submission.sha256,
        "signer": key_id(TRUSTED.public_key()),
        "policy": {"name": "small", "sha256": POLICY.sha256, "source": "small.toml"},
        "replaced": 1,
        "predecessor": {"release": 1, "model_sha256": first.digest},
        "restores": None,
    }


def test_no_signer_is_named_where_no_signature_was_asked_for(offers: Offers, target: Path) -> None:
    assert put(offers("one", key=TRUSTED), target).signer is None


def test_the_time_is_that_of_the_clock_where_none_is_given(offers: Offers, target: Path) -> None:
    offer = offers("one")
    done = deploy(offer.model, offer.submission, ANY, target)
    assert done.production is not None
    assert done.production.deployed == done.ruling.decision.decided
    assert datetime.fromisoformat(done.production.deployed) > NOW


@pytest.mark.parametrize(
    ("form", "kept"),
    [("pt", ".pt"), ("safetensors", ".safetensors"), ("torchscript", ".pt"), ("exported", ".pt2")],
)
@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".ckpt", "", ".PT", ".näher"])
def test_the_content_of_the_model_says_what_it_is_called(
    offers: Offers, target: Path, suffix: str, form: str, kept: str
) -> None:
    offer = offers("one", suffix=suffix, form=form)
    assert put(offer, target).model.file == f"model{kept}"
    assert [path.name for path in (target / "models").iterdir()] == [f"{offer.digest}{kept}"]


@pytest.mark.parametrize("told", ["safetensors", "torchscript", "exported"])
def test_a_report_that_names_another_format_is_refused(offers: Offers, target: Path, told: str) -> None:
    offer = offers("one")
    offer.report.write_bytes(report_bytes(make_report(offer.digest, form=told)))  # type: ignore[arg-type]
    with pytest.raises(ReportError) as caught:
        put(offer, target)
    said = str(caught.value)
    assert said.startswith(f"the report says that model.pt was read as {told}, but the content of ")
    assert said.endswith(" is pt; evaluate it again")
    assert not (target / "current").is_symlink()
    assert list((target / "models").iterdir()) == []


def test_a_large_model_and_one_of_several_blocks_are_copied_whole(target: Path, offers: Offers) -> None:
    for number, size in enumerate((0, 1, 2**20, 2**21 + 1), start=1):
        offer = offers(f"of {size} bytes")
        offer.model.write_bytes(model_bytes(os.urandom(size)))
        offer.report.write_bytes(report_bytes(make_report(offer.digest)))
        found = put(offer, target)
        assert (found.release, found.model.bytes) == (number, offer.model.stat().st_size)


def test_a_stored_model_can_be_read_by_whom_the_umask_allows_and_run_by_nobody(
    offers: Offers, target: Path
) -> None:
    before = os.umask(0o027)
    try:
        found = put(offers("one"), target)
    finally:
        os.umask(before)
    assert model_of(target, found).stat().st_mode & 0o777 == 0o640


def test_later_deployments_name_what_they_replaced(offers: Offers, target: Path) -> None:
    made = [offers(name) for name in ("one", "two", "three")]
    found = [put(offer, target, now=NOW + timedelta(days=day)) for day, offer in enumerate(made)]
    assert [numbers(each) for each in found] == [
        (1, None, None, None),
        (2, 1, 1, None),
        (3, 2, 2, None),
    ]
    assert [each.predecessor for each in found[1:]] == [
        Predecessor(number, offer.digest) for number, offer in enumerate(made[:2], start=1)
    ]
    assert history(target) == tuple(reversed(found))
    assert [each.deployed[:10] for each in history(target)] == ["2026-02-02", "2026-02-01", "2026-01-31"]


def test_an_earlier_release_is_never_changed(offers: Offers, target: Path) -> None:
    for name in ("one", "two", "three"):
        before = snapshot(target)
        put(offers(name), target)
        moved = {"current"}
        after = snapshot(target)
        assert {key for key in before if after[key] != before[key]} <= moved
    before = snapshot(target)
    back(target)
    assert {key for key in before if snapshot(target)[key] != before[key]} == {"current"}


def test_the_same_model_again_is_a_release_of_its_own(offers: Offers, target: Path) -> None:
    offer = offers("one")
    put(offer, target)
    second = put(offer, target, now=NOW + timedelta(hours=1))
    assert numbers(second) == (2, 1, 1, None)
    assert second.predecessor == Predecessor(1, offer.digest)
    assert len(list((target / "models").iterdir())) == len(list((target / "reports").iterdir())) == 1
    assert numbers(back(target)) == (3, 2, None, 1)


def test_the_same_model_under_another_ending_is_the_same_file(offers: Offers, target: Path) -> None:
    first = offers("one")
    second = replace(first, model=first.model.with_suffix(".safetensors"))
    shutil.copy(first.model, second.model)
    put(first, target)
    assert put(second, target).model.file == "model.pt"
    assert len(list((target / "models").iterdir())) == 1
    assert back(target).model.file == "model.pt"


def test_a_damaged_stored_model_is_healed_by_deploying_it_again(offers: Offers, target: Path) -> None:
    offer = offers("one")
    put(offer, target)
    (target / "models" / f"{offer.digest}.pt").write_bytes(b"damaged")
    put(offer, target)


def test_report_signature_and_scores_are_kept_as_they_were_offered(offers: Offers, target: Path) -> None:
    offer = offers("one", key=TRUSTED, scores=b"the scores of every sample")
    put(offer, target, trusting(TRUSTED))
    place = target / "reports" / offer.submission.sha256
    assert {path.name: path.read_bytes() for path in place.iterdir()} == {
        "report.json": offer.report.read_bytes(),
        "report.dsse.json": envelope_path(offer.report).read_bytes(),
        "one.report.scores.npz": b"the scores of every sample",
    }


def test_the_scores_of_a_report_that_is_served_are_kept_again(offers: Offers, target: Path) -> None:
    offer = offers("one", scores=b"the scores of every sample")
    first = target.with_name("first")
    put(offer, first)
    served = replace(offer, report=first / "current" / "report.json")  # a link, and no scores beside it
    put(served, target)
    place = target / "reports" / offer.submission.sha256
    assert (place / "one.report.scores.npz").read_bytes() == b"the scores of every sample"


def with_scores(offer: Offer, name: str, content: bytes, at: Path) -> None:
    """Let the report name these scores, and put them where it says."""
    at.parent.mkdir(parents=True, exist_ok=True)
    at.write_bytes(content)
    report = make_report(offer.digest, scores=ScoresFile(name, sha256(at)))
    offer.report.write_bytes(report_bytes(report))


@pytest.mark.parametrize("name", ["report.json", "report.dsse.json"])
def test_scores_never_take_the_place_of_the_report_or_its_signature(
    offers: Offers, target: Path, name: str
) -> None:
    offer = offers("one")
    with_scores(offer, name, b"scores under a name of ours", offer.report.with_name(name))
    found = put(offer, target)
    assert sha256(target / "current" / "report.json") == found.report_sha256
    assert not (target / "reports" / found.report_sha256 / "report.dsse.json").exists()


def test_a_signature_that_was_let_through_is_not_replaced_by_one_nobody_looked_at(
    offers: Offers, target: Path
) -> None:
    offer = offers("one", key=TRUSTED)
    found = put(offer, target, trusting(TRUSTED))
    envelope_path(offer.report).write_bytes(b"no signature")
    put(offer, target)
    stored = target / "reports" / found.report_sha256 / "report.dsse.json"
    assert stored.read_bytes() != b"no signature"


def test_a_link_to_the_folder_is_followed(offers: Offers, tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    found = put(offers("one"), link)
    assert served(real) == found


def test_a_folder_that_was_moved_serves_and_goes_on(offers: Offers, tmp_path: Path) -> None:
    put(offers("one"), tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    assert numbers(put(offers("two"), tmp_path / "after")) == (2, 1, 1, None)


def test_what_is_replaced_in_the_folder_itself(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    files = DeploymentFolder(target).own_files()
    assert files == tuple(target / name for name in (".lock", "PRODUCTION.json", ".reserve-for-rollback"))
    assert {path.name for path in target.iterdir() if not path.is_dir()} <= {path.name for path in files}


def test_a_turn_before_the_first_deployment_has_nothing_in_production(target: Path) -> None:
    turn = FolderTurn(target, None, 1)
    assert turn.first
    with pytest.raises(ReportError) as caught:
        turn.current()
    assert str(caught.value) == f"nothing is deployed in {target}"
