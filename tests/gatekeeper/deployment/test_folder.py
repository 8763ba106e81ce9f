"""Deployments and rollbacks: what is served, what is recorded, and what switches nothing."""

import contextlib
import io
import itertools
import json
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import IO

import pytest

from gatekeeper.deployment import folder as folder_module
from gatekeeper.deployment.envelope import seal
from gatekeeper.deployment.folder import deploy, history, production, read_release, roll_back
from gatekeeper.deployment.keys import key_id
from gatekeeper.deployment.statement import make_statement
from gatekeeper.deployment.verify import Demands, envelope_path
from schemas.errors import GatekeeperError, ModelError, OutputError, ReportError, SignatureError, UsageError
from schemas.lock import locked
from schemas.policy_io import LoadedPolicy
from schemas.production import Predecessor, Production
from schemas.report import ScoresFile
from schemas.report_io import parse_report
from tests.gatekeeper.deployment.served import ANY, put, served, sha256, snapshot
from tests.gatekeeper.deployment.submissions import (
    CHAMPION,
    FOREIGN,
    NOW,
    POLICY,
    RELATIVE,
    TRUSTED,
    Offer,
    envelope_of,
    make_policy,
    make_report,
    report_bytes,
    trusting,
)

STAMP = "2026-01-31T13:00:00Z"


pytestmark = pytest.mark.usefixtures("quick")

Offers = Callable[..., Offer]


def back(target: Path) -> Production:
    found = roll_back(target, now=NOW)
    assert served(target) == found
    return found


def refuses(target: Path, error: type[GatekeeperError], act: Callable[[], object]) -> str:
    """The message of a refusal that left everything in the folder as it was."""
    before = snapshot(target)
    with pytest.raises(error) as caught:
        act()
    assert type(caught.value) is error
    assert snapshot(target) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


def numbers(release: Production) -> tuple[int, int | None, int | None, int | None]:
    """Release, what it replaced, where a rollback goes, what it restores."""
    before = None if release.predecessor is None else release.predecessor.release
    return release.release, release.replaced, before, release.restores


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
        ".lock", "current", "PRODUCTION.json", "releases", "models", "reports"
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
    ("suffix", "kept"),
    [
        (".pt", ".pt"), (".pt2", ".pt2"), (".pth", ".pth"), (".safetensors", ".safetensors"),
        (".ckpt", ".bin"), ("", ".bin"), (".PT", ".bin"), (".tar.pt", ".pt"), (".näher", ".bin"),
    ],
)  # fmt: skip
def test_the_name_of_the_model_says_what_kind_of_file_it_is(
    offers: Offers, target: Path, suffix: str, kept: str
) -> None:
    offer = offers("one", suffix=suffix)
    assert put(offer, target).model.file == f"model{kept}"
    assert [path.name for path in (target / "models").iterdir()] == [f"{offer.digest}{kept}"]


def test_an_empty_model_and_one_of_several_blocks_are_copied_whole(target: Path, offers: Offers) -> None:
    for number, size in enumerate((0, 1, 2**20, 2**21 + 1), start=1):
        offer = offers(f"of {size} bytes")
        offer.model.write_bytes(os.urandom(size))
        offer.report.write_bytes(report_bytes(make_report(offer.digest)))
        found = put(offer, target)
        assert (found.release, found.model.bytes) == (number, size)


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


def test_the_same_model_under_another_ending_is_kept_under_both(offers: Offers, target: Path) -> None:
    first = offers("one")
    second = replace(first, model=first.model.with_suffix(".pth"))
    shutil.copy(first.model, second.model)
    put(first, target)
    assert put(second, target).model.file == "model.pth"
    assert len(list((target / "models").iterdir())) == 2
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


@pytest.mark.parametrize("scores", [None, b"others", "folder"])
def test_scores_that_are_not_those_of_the_report_are_not_kept(
    offers: Offers, target: Path, scores: bytes | str | None
) -> None:
    offer = offers("one", scores=b"the scores of every sample")
    path = offer.report.with_name("one.report.scores.npz")
    path.unlink()
    if isinstance(scores, bytes):
        path.write_bytes(scores)
    elif scores == "folder":
        path.mkdir()
    put(offer, target)
    place = target / "reports" / offer.submission.sha256
    assert [file.name for file in place.iterdir()] == ["report.json"]


def with_scores(offer: Offer, name: str, content: bytes, at: Path) -> None:
    """Let the report name these scores, and put them where it says."""
    at.parent.mkdir(parents=True, exist_ok=True)
    at.write_bytes(content)
    report = make_report(offer.digest, scores=ScoresFile(name, sha256(at)))
    offer.report.write_bytes(report_bytes(report))


def test_scores_in_another_folder_are_not_fetched(offers: Offers, target: Path) -> None:
    offer = offers("one")
    with_scores(offer, "../secret.npz", b"secret", offer.report.parent.parent / "secret.npz")
    put(offer, target)
    assert not [path for path in target.rglob("*") if "secret" in path.name]


@pytest.mark.parametrize("name", ["report.json", "report.dsse.json"])
def test_scores_never_take_the_place_of_the_report_or_its_signature(
    offers: Offers, target: Path, name: str
) -> None:
    offer = offers("one")
    with_scores(offer, name, b"scores under a name of ours", offer.report.with_name(name))
    found = put(offer, target)
    assert sha256(target / "current" / "report.json") == found.report_sha256
    assert not (target / "reports" / found.report_sha256 / "report.dsse.json").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "x" * 300])
def test_scores_without_a_usable_name_are_not_kept(offers: Offers, target: Path, name: str) -> None:
    offer = offers("one")
    report = make_report(offer.digest, scores=ScoresFile(name, "d" * 64))
    offer.report.write_bytes(report_bytes(report))
    put(offer, target)


def test_scores_that_are_a_pipe_are_not_waited_for(offers: Offers, target: Path) -> None:
    offer = offers("one")
    report = make_report(offer.digest, scores=ScoresFile("pipe", "d" * 64))
    offer.report.write_bytes(report_bytes(report))
    os.mkfifo(offer.report.with_name("pipe"))
    put(offer, target)


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


# What is not let through.


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_blocked_model_switches_nothing_and_leaves_nothing(
    offers: Offers, target: Path, count: int
) -> None:
    for number in range(count):
        put(offers(f"good {number}"), target)
    for name in ("releases", "models", "reports"):
        (target / name).mkdir(parents=True, exist_ok=True)
    before, bad = snapshot(target), offers("bad", cosine=0.4)
    done = deploy(bad.model, bad.submission, ANY, target, now=NOW)
    assert done.production is None
    assert done.ruling.decision.judgement.verdict.outcome == "blocked"
    assert snapshot(target) == before
    assert (served(target) is None) == (count == 0)
    put(offers("better"), target)


def test_a_policy_that_cannot_decide_switches_nothing(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    before, offer = snapshot(target), offers("two")
    undecided = Demands(policy=make_policy(least=1.5))  # which not even the oracle meets
    done = deploy(offer.model, offer.submission, undecided, target, now=NOW)
    assert done.production is None
    assert done.ruling.decision.judgement.verdict.outcome == "error"
    assert snapshot(target) == before


def _no_report(offer: Offer) -> None:
    offer.report.write_bytes(b"{}")


def _other_model(offer: Offer) -> None:
    offer.report.write_bytes(report_bytes(make_report("f" * 64)))


def _control(offer: Offer) -> None:
    offer.report.write_bytes(report_bytes(make_report(None)))


def _future(offer: Offer) -> None:
    report = make_report(offer.digest, created=NOW + timedelta(hours=1))
    offer.report.write_bytes(report_bytes(report))


def _stale(offer: Offer) -> None:
    report = make_report(offer.digest, created=NOW - timedelta(days=31))
    offer.report.write_bytes(report_bytes(report))


def _changed(offer: Offer) -> None:
    offer.model.write_bytes(offer.model.read_bytes() + b"!")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (_no_report, "expected an object with schema_version"),
        (_other_model, "is about another model"),
        (_control, "is no model file"),
        (_future, "was made in the future"),
        (_stale, "is stale"),
        (_changed, "is about another model"),
    ],
)
def test_a_refused_report_switches_nothing_and_leaves_nothing(
    offers: Offers, target: Path, damage: Callable[[Offer], None], says: str
) -> None:
    put(offers("one"), target)
    offer = offers("two")
    damage(offer)
    demands = replace(ANY, max_age=timedelta(days=30))
    message = refuses(
        target, ReportError, lambda: deploy(offer.model, offer.submission, demands, target, now=NOW)
    )
    assert says in message


@pytest.mark.parametrize("key", [None, FOREIGN])
def test_a_missing_or_foreign_signature_switches_nothing(offers: Offers, target: Path, key: object) -> None:
    put(offers("one", key=TRUSTED), target, trusting(TRUSTED))
    offer = offers("two", key=key)
    refuses(
        target,
        SignatureError,
        lambda: deploy(offer.model, offer.submission, trusting(TRUSTED), target, now=NOW),
    )


def _link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (_link, "the model {} is a symbolic link; name the file itself"),
        (_dangling, "the model {} is a symbolic link; name the file itself"),
        (_pipe, "cannot read the model {}: it is no regular file"),
        (_folder, "cannot read the model {}: it is no regular file"),
        (Path.unlink, "cannot read the model {}: No such file or directory"),
    ],
)
def test_a_model_that_is_no_file_of_its_own_is_refused(
    offers: Offers, target: Path, damage: Callable[[Path], None], says: str
) -> None:
    put(offers("one"), target)
    offer = offers("two")
    submission = offer.submission
    damage(offer.model)
    message = refuses(target, ModelError, lambda: deploy(offer.model, submission, ANY, target, now=NOW))
    assert message == says.format(offer.model)


def test_a_device_is_no_model(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    offer = offers("two")
    message = refuses(
        target, ModelError, lambda: deploy(Path(os.devnull), offer.submission, ANY, target, now=NOW)
    )
    assert message == f"cannot read the model {os.devnull}: it is no regular file"


def test_a_model_below_a_linked_folder_is_a_file(offers: Offers, target: Path, tmp_path: Path) -> None:
    offer = offers("one")
    (tmp_path / "linked").symlink_to(offer.model.parent)
    put(replace(offer, model=tmp_path / "linked" / offer.model.name), target)


@pytest.mark.parametrize("name", ["x" * 300 + ".pt", "a\0b.pt"])
def test_a_model_whose_name_no_file_can_have_is_refused(offers: Offers, target: Path, name: str) -> None:
    put(offers("one"), target)
    offer = offers("two")
    with pytest.raises(GatekeeperError) as caught:
        deploy(offer.model.with_name(name), offer.submission, ANY, target, now=NOW)
    assert caught.value.exit_code == 3


# The very bytes that are checked are served.


@pytest.mark.parametrize("moment", ["before the copy", "after the copy"])
def test_a_model_that_changes_meanwhile_is_served_as_it_was_checked(
    offers: Offers, target: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    offer = offers("one")
    submission, digest = offer.submission, offer.digest
    real = folder_module._copy

    def copy(model: Path, store: Path) -> tuple[Path, int]:
        if moment == "before the copy":
            _changed(offer)
        found = real(model, store)
        if moment == "after the copy":
            _changed(offer)
        return found

    monkeypatch.setattr(folder_module, "_copy", copy)
    if moment == "before the copy":
        with pytest.raises(ReportError, match="is about another model"):
            deploy(offer.model, submission, ANY, target, now=NOW)
        assert served(target) is None
        assert list((target / "models").iterdir()) == []
    else:
        done = deploy(offer.model, submission, ANY, target, now=NOW)
        assert offer.digest != digest
        assert done.production is not None
        assert done.production.model.sha256 == digest == sha256(target / "current" / "model.pt")
        served(target)


def test_a_model_that_grows_while_it_is_copied_is_refused(
    offers: Offers, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = offers("one")
    submission = offer.submission
    monkeypatch.setattr(folder_module, "_BLOCK", 64)
    fdopen, reads = os.fdopen, itertools.count(1)

    class Growing(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if next(reads) == 3:
                with offer.model.open("ab") as more:
                    more.write(b"10 more by")
            return super().read(size) or b""

    def open_growing(descriptor: int, mode: str) -> IO[bytes] | Growing:
        if os.fstat(descriptor).st_ino == offer.model.stat().st_ino:
            return Growing(descriptor, "rb")
        return fdopen(descriptor, mode)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdopen", open_growing)
        with pytest.raises(ReportError, match="is about another model"):
            deploy(offer.model, submission, ANY, target, now=NOW)
    assert next(reads) > 4
    assert served(target) is None
    assert list((target / "models").iterdir()) == []


def test_a_report_that_changes_after_it_was_read_is_kept_as_it_was_read(offers: Offers, target: Path) -> None:
    offer = offers("one")
    submission = offer.submission
    _no_report(offer)
    done = deploy(offer.model, submission, ANY, target, now=NOW)
    assert done.production is not None
    assert sha256(target / "current" / "report.json") == submission.sha256
    served(target)


# Where it cannot go.


def test_a_folder_that_is_a_file_is_no_target(offers: Offers, target: Path) -> None:
    target.write_bytes(b"a file")
    offer = offers("one")
    for place in (target, target / "below"):
        with pytest.raises(OutputError, match=r"^cannot make the deployment folder .*"):
            deploy(offer.model, offer.submission, ANY, place, now=NOW)
    assert target.read_bytes() == b"a file"


@pytest.mark.parametrize("name", ["releases", "models", "reports", ".lock"])
def test_a_part_of_the_folder_that_is_something_else_is_refused(
    offers: Offers, target: Path, name: str
) -> None:
    offer = offers("one")
    target.mkdir()
    if name == ".lock":
        (target / name).mkdir()
    else:
        (target / name).write_bytes(b"a file")
    with pytest.raises(OutputError):
        deploy(offer.model, offer.submission, ANY, target, now=NOW)
    assert served(target) is None


@pytest.mark.parametrize("place", ["releases", "models", "reports"])
def test_a_part_of_the_folder_that_was_lost_is_refused_or_made_again(
    offers: Offers, target: Path, place: str
) -> None:
    put(offers("one"), target)
    shutil.rmtree(target / place)
    offer = offers("two")
    if place == "releases":
        with pytest.raises(ReportError, match="cannot read production"):
            deploy(offer.model, offer.submission, ANY, target, now=NOW)
    else:
        done = deploy(offer.model, offer.submission, ANY, target, now=NOW)
        assert done.production is not None
        assert numbers(done.production) == (2, 1, 1, None)
        with pytest.raises(GatekeeperError):
            roll_back(target)
    assert {path.name for path in target.iterdir()} >= {"releases", "models", "reports"}


def test_a_second_deployment_at_the_same_time_is_refused(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    put(offers("two"), target)
    offer = offers("three")
    with locked(target, "deployment"):
        for act in (
            lambda: deploy(offer.model, offer.submission, ANY, target, now=NOW),
            lambda: roll_back(target, now=NOW),
        ):
            message = refuses(target, UsageError, act)
            assert message.startswith(f"another deployment (process {os.getpid()}) is at work in {target}")
        # Whoever only reads need not wait.
        assert numbers(history(target)[0]) == (2, 1, 1, None)
    put(offer, target)


# Rolling back.


def test_a_rollback_is_a_release_that_serves_the_one_before(offers: Offers, target: Path) -> None:
    first = put(offers("one", key=TRUSTED), target, trusting(TRUSTED))
    put(offers("two"), target, Demands(policy=make_policy(name="other")))
    assert back(target) == replace(
        first, release=3, action="rollback", replaced=2, restores=1, deployed=STAMP
    )
    assert json.loads((target / "PRODUCTION.json").read_text())["restores"] == 1


def test_a_rollback_is_dated_when_it_is_made_in_utc(
    offers: Offers, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(offers("one"), target)
    put(offers("two"), target)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        later = NOW.astimezone(timezone(timedelta(hours=-5))) + timedelta(hours=1)
        assert roll_back(target, now=later).deployed == "2026-01-31T14:00:00Z"
        before = datetime.now(UTC)
        put(offers("three"), target)
        by_the_clock = datetime.fromisoformat(roll_back(target).deployed)
        assert before - timedelta(seconds=1) <= by_the_clock <= datetime.now(UTC)
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


def test_rollbacks_go_back_one_by_one(offers: Offers, target: Path) -> None:
    made = [offers(name) for name in ("one", "two", "three")]
    for offer in made:
        put(offer, target)
    once, twice = back(target), back(target)
    assert numbers(once) == (4, 3, 1, 2)
    assert numbers(twice) == (5, 4, None, 1)
    assert [each.model.sha256 for each in (once, twice)] == [made[1].digest, made[0].digest]
    message = refuses(target, UsageError, lambda: roll_back(target))
    assert message == f"{target}: release 5 has no predecessor, so there is nothing to roll back to"
    assert [each.release for each in history(target)] == [5, 4, 3, 2, 1]
    assert [each.action for each in history(target)] == ["rollback"] * 2 + ["deploy"] * 3


def test_a_rollback_after_a_later_deployment_goes_back_to_what_was_served_before_it(
    offers: Offers, target: Path
) -> None:
    one, two, three = (offers(name) for name in ("one", "two", "three"))
    put(one, target)
    put(two, target)
    assert numbers(back(target)) == (3, 2, None, 1)
    assert numbers(put(three, target)) == (4, 3, 3, None)
    found = back(target)
    assert numbers(found) == (5, 4, None, 1)
    assert found.model.sha256 == one.digest
    assert len(history(target)) == 5


def test_a_rollback_of_a_rollback_names_the_release_whose_files_it_serves(
    offers: Offers, target: Path
) -> None:
    for name in ("one", "two", "three"):
        put(offers(name), target)
    assert numbers(back(target)) == (4, 3, 1, 2)
    assert numbers(put(offers("four"), target)) == (5, 4, 4, None)
    assert numbers(back(target)) == (6, 5, 1, 2)
    assert numbers(back(target)) == (7, 6, None, 1)


def test_the_predecessor_can_be_deployed_again_after_a_rollback(offers: Offers, target: Path) -> None:
    one, two = offers("one"), offers("two")
    put(one, target)
    put(two, target)
    back(target)
    assert numbers(put(two, target)) == (4, 3, 3, None)
    assert back(target).model.sha256 == one.digest


def test_a_rollback_does_not_judge_again(offers: Offers, target: Path) -> None:
    put(offers("worse", cosine=0.46), target)
    put(offers("better", cosine=0.6), target, Demands(policy=make_policy(NO_LOSS_ALLOWED)))
    assert back(target).policy.name == "small"


NO_LOSS_ALLOWED = f"{CHAMPION}min_gain = 0.1\n"


def test_a_rollback_where_nothing_is_deployed_is_refused(target: Path, offers: Offers) -> None:
    with pytest.raises(UsageError) as caught:
        roll_back(target)
    assert str(caught.value) == f"{target} is no deployment folder; nothing can be rolled back"
    assert not target.exists()
    target.mkdir()
    with pytest.raises(UsageError, match="nothing is deployed, so there is nothing to roll back to"):
        roll_back(target)
    put(offers("one"), target)
    message = refuses(target, UsageError, lambda: roll_back(target))
    assert message == f"{target}: release 1 has no predecessor, so there is nothing to roll back to"


def test_a_refused_rollback_makes_no_deployment_folder_of_any_other(target: Path) -> None:
    target.mkdir()
    with pytest.raises(UsageError):
        roll_back(target)
    assert {path.name for path in target.iterdir()} <= {".lock"}


def model_of(target: Path, release: Production) -> Path:
    return target / "models" / f"{release.model.sha256}{Path(release.model.file).suffix}"


def report_of(target: Path, release: Production) -> Path:
    return target / "reports" / release.report_sha256 / "report.json"


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


@pytest.mark.parametrize("damage", [_flip, _cut, Path.unlink, _link, _pipe, _folder])
def test_a_damaged_stored_model_is_not_rolled_back_to(
    offers: Offers, target: Path, damage: Callable[[Path], None]
) -> None:
    first = put(offers("one"), target)
    put(offers("two"), target)
    damage(model_of(target, first))
    before = os.readlink(target / "current")
    with pytest.raises(ModelError):
        roll_back(target)
    assert os.readlink(target / "current") == before
    assert [path.name for path in sorted((target / "releases").iterdir())] == ["000001", "000002"]


@pytest.mark.parametrize("damage", [_flip, _cut, Path.unlink, _pipe, _folder])
def test_a_damaged_stored_report_is_not_rolled_back_to(
    offers: Offers, target: Path, damage: Callable[[Path], None]
) -> None:
    first = put(offers("one"), target)
    put(offers("two"), target)
    damage(report_of(target, first))
    with pytest.raises(ReportError):
        roll_back(target)
    assert os.readlink(target / "current") == "releases/000002"
    assert [path.name for path in sorted((target / "releases").iterdir())] == ["000001", "000002"]


def _edit(path: Path, **fields: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"release": 2}, "is the record of release 2, expected 1"),
        ({"schema_version": "2.0"}, "expected schema_version 1.x"),
        ({"unknown": 1}, "unknown key"),
        ({"report_sha256": "f" * 64}, "cannot read report"),
        ({"model": {"file": "model.pt", "sha256": "f" * 64, "bytes": 1}}, "is damaged"),
        ({"model": {"file": "../model.pt", "sha256": "f" * 64, "bytes": 1}}, "does not follow the schema"),
    ],
)
def test_a_broken_record_is_not_rolled_back_to(
    offers: Offers, target: Path, fields: dict[str, object], says: str
) -> None:
    put(offers("one"), target)
    put(offers("two"), target)
    _edit(target / "releases" / "000001" / "PRODUCTION.json", **fields)
    before = snapshot(target)
    with pytest.raises((ReportError, ModelError), match=re.escape(says)):
        roll_back(target)
    assert snapshot(target) == before


def test_a_model_that_is_named_by_its_digest_but_not_the_predecessors_is_not_rolled_back_to(
    offers: Offers, target: Path
) -> None:
    put(offers("one"), target)
    put(offers("two"), target)
    other = put(offers("three"), target)
    assert other.predecessor == Predecessor(2, offers("two").digest)
    # Somebody lets the record of release 2 name the whole and undamaged model of release 1.
    first = read_release(target, 1)
    path = target / "releases" / "000002" / "PRODUCTION.json"
    _edit(path, model=json.loads((path.parent.parent / "000001" / "PRODUCTION.json").read_text())["model"])
    assert read_release(target, 2).model == first.model
    message = refuses(target, ModelError, lambda: roll_back(target))
    assert message == (
        f"{model_of(target, first)} is damaged: expected SHA-256 {offers('two').digest[:12]}; "
        "nothing was switched"
    )


# History.


@pytest.mark.parametrize("number", [1, 2])
def test_a_history_with_a_broken_record_is_refused(offers: Offers, target: Path, number: int) -> None:
    for name in ("one", "two", "three"):
        put(offers(name), target)
    (target / "releases" / f"{number:06d}" / "PRODUCTION.json").write_text("{}")
    with pytest.raises(ReportError, match=f"{number:06d}"):
        history(target)
    assert production(target) is not None


@pytest.mark.parametrize("replaced", [2, 3])
def test_a_history_that_runs_in_a_circle_is_refused(offers: Offers, target: Path, replaced: int) -> None:
    for name in ("one", "two", "three"):
        put(offers(name), target)
    _edit(target / "releases" / "000002" / "PRODUCTION.json", replaced=replaced)
    with pytest.raises(ReportError, match=f"release 2 claims to have replaced {replaced}"):
        history(target)


def test_a_folder_that_is_not_there_yet_has_no_history(target: Path) -> None:
    assert history(target) == ()


@pytest.mark.parametrize("what", ["file", "dangling link", "below nothing"])
def test_what_can_be_no_deployment_folder_has_no_history_either(what: str, tmp_path: Path) -> None:
    path = tmp_path / "nothing" / "there" if what == "below nothing" else tmp_path / "there"
    if what == "file":
        path.write_text("")
    elif what == "dangling link":
        path.symlink_to("nowhere")
    with pytest.raises(UsageError) as caught:
        history(path)
    assert str(caught.value) == f"{path} is no deployment folder"


def test_reading_the_history_changes_nothing(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*")}
    history(target)
    production(target)
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*")} == before


# A pointer that is not what it should be.


def _file(path: Path) -> None:
    path.write_text("000002")


def _to_nowhere(path: Path) -> None:
    path.symlink_to("releases/000009")


def _to_itself(path: Path) -> None:
    path.symlink_to("current")


def _to_a_folder_without_a_record(path: Path) -> None:
    path.symlink_to("models")


def _to_a_broken_record(path: Path) -> None:
    (path.parent / "releases" / "000002" / "PRODUCTION.json").write_bytes(b'{"schema_version": "1.0"')
    path.symlink_to("releases/000002")


def _to_an_empty_record(path: Path) -> None:
    (path.parent / "releases" / "000002" / "PRODUCTION.json").write_bytes(b"")
    path.symlink_to("releases/000002")


@pytest.mark.parametrize(
    "damage",
    [
        _file, Path.mkdir, os.mkfifo, _to_nowhere, _to_itself, _to_a_folder_without_a_record,
        _to_a_broken_record, _to_an_empty_record,
    ],
)  # fmt: skip
def test_a_pointer_to_no_whole_release_is_refused_and_nothing_is_removed(
    offers: Offers, target: Path, damage: Callable[[Path], None]
) -> None:
    put(offers("one"), target)
    put(offers("two"), target)
    (target / "models" / ".gatekeeper-0011223344556677.tmp").write_bytes(b"half a mo")
    (target / "current").unlink()
    damage(target / "current")
    offer = offers("three")
    if damage is os.mkfifo:
        with pytest.raises(ReportError, match="must be a symbolic link"):
            deploy(offer.model, offer.submission, ANY, target, now=NOW)
        return
    for act in (
        lambda: deploy(offer.model, offer.submission, ANY, target, now=NOW),
        lambda: roll_back(target),
        lambda: history(target),
        lambda: production(target),
    ):
        assert "current" in refuses(target, ReportError, act)


def test_a_pointer_mended_by_hand_goes_on(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    put(offers("two"), target)
    (target / "current").unlink()
    _to_nowhere(target / "current")
    with pytest.raises(ReportError):
        production(target)
    (target / "current").unlink()
    (target / "current").symlink_to("releases/000002")
    assert numbers(put(offers("three"), target)) == (3, 2, 2, None)


@pytest.mark.parametrize("count", [2, 3])
def test_a_pointer_deleted_by_hand_removes_no_release(offers: Offers, target: Path, count: int) -> None:
    made = [offers(f"number {number}") for number in range(count)]
    for offer in made:
        put(offer, target)
    (target / "current").unlink()
    assert production(target) is None
    message = refuses(
        target,
        ReportError,
        lambda: deploy(made[0].model, made[0].submission, ANY, target, now=NOW),
    )
    assert "point current at the release that should be in production" in message
    refuses(target, UsageError, lambda: roll_back(target))
    (target / "current").symlink_to(f"releases/{count:06d}")
    assert put(made[0], target).release == count + 1


def test_a_pointer_deleted_by_hand_does_not_remove_the_only_release(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    (target / "current").unlink()
    before = snapshot(target / "releases")
    offer = offers("two")
    with contextlib.suppress(ReportError):  # refused, or it goes on with release 2
        deploy(offer.model, offer.submission, ANY, target, now=NOW)
    assert before.items() <= snapshot(target / "releases").items()


@pytest.mark.parametrize(
    ("count", "to"),
    [
        (2, 1),
        (3, 2),
        (3, 1),
    ],
)
def test_a_pointer_set_back_by_hand_removes_no_release(
    offers: Offers, target: Path, count: int, to: int
) -> None:
    for number in range(count):
        put(offers(f"number {number}"), target)
    (target / "current").unlink()
    (target / "current").symlink_to(f"releases/{to:06d}")
    before = snapshot(target / "releases")
    offer = offers("next")
    with contextlib.suppress(ReportError):
        deploy(offer.model, offer.submission, ANY, target, now=NOW)
    assert before.items() <= snapshot(target / "releases").items()


def test_leftovers_of_a_deployment_that_did_not_get_through_are_removed(offers: Offers, target: Path) -> None:
    first = put(offers("one"), target)
    for place in (target, target / "models"):
        (place / ".gatekeeper-0011223344556677.tmp").write_bytes(b"half a file")
    (target / ".gatekeeper-7766554433221100.tmp").symlink_to("releases/000002")
    orphan = target / "releases" / "000002"
    orphan.mkdir()
    (orphan / "PRODUCTION.json").write_bytes(b"{")
    (orphan / "model.pt").symlink_to("../../models/nothing.pt")
    (orphan / ".gatekeeper-0123456701234567.tmp").write_bytes(b"")
    (target / "notes.txt").write_text("not ours")
    second = put(offers("two"), target)
    assert numbers(second) == (2, 1, 1, None)
    assert not [path for path in target.rglob("*") if path.name.startswith(".gatekeeper-")]
    assert (target / "notes.txt").read_text() == "not ours"
    assert history(target) == (second, first)


def test_a_release_without_its_model_or_report_is_half_a_release(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    for lost in ("model.pt", "report.json"):
        half = target / "releases" / "000002"
        shutil.copytree(target / "releases" / "000001", half, symlinks=True)
        _edit(half / "PRODUCTION.json", release=2, replaced=1)
        (half / lost).unlink()
        offer = offers(f"without {lost}")
        done = deploy(offer.model, offer.submission, ANY, target, now=NOW)
        assert done.production is not None
        assert done.production.release == 2
        assert roll_back(target, now=NOW).release == 3
        (target / "current").unlink()
        (target / "current").symlink_to("releases/000001")
        for number in (2, 3):
            shutil.rmtree(target / "releases" / f"{number:06d}")


def test_a_stray_file_among_the_reports_is_left_alone(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    (target / "reports" / "notes.txt").write_text("not ours")
    put(offers("two"), target)
    assert (target / "reports" / "notes.txt").read_text() == "not ours"


def test_a_rollback_removes_leftovers_too(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    put(offers("two"), target)
    (target / "releases" / "000003").mkdir()
    (target / "models" / ".gatekeeper-0011223344556677.tmp").write_bytes(b"half a mo")
    assert numbers(back(target)) == (3, 2, None, 1)
    assert not [path for path in target.rglob("*") if path.name.startswith(".gatekeeper-")]


def test_releases_go_on_after_a_million(offers: Offers, target: Path) -> None:
    put(offers("one"), target)
    releases = target / "releases"
    (releases / "000001").rename(releases / "999999")
    _edit(releases / "999999" / "PRODUCTION.json", release=999_999)
    (target / "current").unlink()
    (target / "current").symlink_to("releases/999999")
    for name, number in (("two", 1_000_000), ("three", 1_000_001)):
        offer = offers(name)
        done = deploy(offer.model, offer.submission, ANY, target, now=NOW)
        assert done.production is not None
        assert done.production.release == number
        assert production(target) == done.production
    assert [each.release for each in history(target)] == [1_000_001, 1_000_000, 999_999]


# The champion is the model in production.


def test_the_first_deployment_needs_no_champion(offers: Offers, target: Path) -> None:
    offer = offers("one")
    done = deploy(offer.model, offer.submission, Demands(policy=RELATIVE), target, now=NOW)
    assert done.production is not None
    assert done.ruling.decision.champion is None
    assert done.ruling.decision.notes == ("first deployment: the champion rules were left out",)


def test_a_champion_named_where_nothing_is_deployed_is_refused(offers: Offers, target: Path) -> None:
    offer, champion = offers("one"), offers("champion")
    for policy in (POLICY, RELATIVE):
        with pytest.raises(UsageError) as caught:
            deploy(
                offer.model,
                offer.submission,
                Demands(policy=policy),
                target,
                champion=champion.submission,
                now=NOW,
            )
        assert f"nothing is deployed in {target} yet" in str(caught.value)
    assert served(target) is None
    assert list((target / "models").iterdir()) == []


def test_the_champion_is_the_model_in_production(offers: Offers, target: Path) -> None:
    demands = Demands(policy=RELATIVE)
    champion = put(offers("champion", cosine=0.6), target, demands)
    worse = offers("worse", cosine=0.5)
    done = deploy(worse.model, worse.submission, demands, target, now=NOW)
    assert done.production is None
    used = done.ruling.decision.champion
    assert used is not None
    assert (used.report_sha256, used.model_sha256) == (champion.report_sha256, champion.model.sha256)
    assert "the gain of rollout.avg_cos on val over the champion is -0.100" in str(
        done.ruling.decision.judgement.verdict.reasons
    )
    assert served(target) == champion
    put(offers("better", cosine=0.7), target, demands)
    put(offers("equal", cosine=0.7), target, demands)


def test_after_a_rollback_the_champion_is_what_is_served_again(offers: Offers, target: Path) -> None:
    demands = Demands(policy=RELATIVE)
    put(offers("one", cosine=0.5), target, demands)
    put(offers("two", cosine=0.8), target, demands)
    offer = offers("three", cosine=0.6)
    assert deploy(offer.model, offer.submission, demands, target, now=NOW).production is None
    back(target)
    put(offer, target, demands)


def test_a_verifier_cannot_declare_a_later_deployment_the_first(offers: Offers, target: Path) -> None:
    put(offers("one", cosine=0.6), target)
    worse = offers("worse", cosine=0.5)
    demands = Demands(policy=RELATIVE, first=True)
    done = deploy(worse.model, worse.submission, demands, target, now=NOW)
    assert done.production is None


def test_a_policy_without_champion_rules_compares_nothing(offers: Offers, target: Path) -> None:
    first = put(offers("one", cosine=0.6), target)
    report_of(target, first).write_bytes(b"damaged")
    offer = offers("worse", cosine=0.5)
    done = deploy(offer.model, offer.submission, ANY, target, now=NOW)
    assert done.production is not None
    assert done.ruling.decision.champion is None


def test_a_newer_report_of_the_champion_may_be_named(offers: Offers, target: Path) -> None:
    demands = Demands(policy=RELATIVE)
    champion = offers("champion", cosine=0.7)
    put(champion, target, demands)
    # On newer data the champion is not so good any more.
    report = make_report(champion.digest, cosine=0.5)
    champion.report.write_bytes(report_bytes(report))
    offer = offers("two", cosine=0.6)
    newer = champion.submission
    done = deploy(offer.model, offer.submission, demands, target, champion=newer, now=NOW)
    assert done.production is not None
    used = done.ruling.decision.champion
    assert used is not None
    assert used.report_sha256 == newer.sha256


def test_a_named_champion_that_is_not_in_production_is_refused(offers: Offers, target: Path) -> None:
    demands = Demands(policy=RELATIVE)
    put(offers("champion", cosine=0.7), target, demands)
    weak, offer = offers("weak", cosine=0.46), offers("two", cosine=0.5)
    message = refuses(
        target,
        ReportError,
        lambda: deploy(offer.model, offer.submission, demands, target, champion=weak.submission, now=NOW),
    )
    assert "weak.report.json is about another model" in message


@pytest.mark.parametrize("damage", [_flip, Path.unlink, _folder])
def test_a_damaged_report_of_the_champion_refuses_and_another_report_of_it_helps(
    offers: Offers, target: Path, damage: Callable[[Path], None]
) -> None:
    demands, champion = Demands(policy=RELATIVE), offers("champion")
    damage(report_of(target, put(champion, target, demands)))
    offer = offers("two", cosine=0.6)
    refuses(target, ReportError, lambda: deploy(offer.model, offer.submission, demands, target, now=NOW))
    done = deploy(offer.model, offer.submission, demands, target, champion=champion.submission, now=NOW)
    assert done.production is not None


@pytest.mark.parametrize("key", [None, FOREIGN])
def test_the_champions_report_must_be_signed_too(offers: Offers, target: Path, key: object) -> None:
    put(offers("champion", key=key), target, Demands(policy=RELATIVE))
    offer = offers("two", cosine=0.6, key=TRUSTED)
    message = refuses(
        target,
        SignatureError,
        lambda: deploy(offer.model, offer.submission, trusting(TRUSTED, policy=RELATIVE), target, now=NOW),
    )
    assert str(target / "reports") in message


def test_a_champions_signature_that_cannot_be_read_is_named(offers: Offers, target: Path) -> None:
    demands = trusting(TRUSTED, policy=RELATIVE)
    found = put(offers("champion", key=TRUSTED), target, demands)
    signature = report_of(target, found).with_name("report.dsse.json")
    signature.unlink()
    signature.mkdir()
    offer = offers("two", cosine=0.6, key=TRUSTED)
    act = lambda: deploy(offer.model, offer.submission, demands, target, now=NOW)  # noqa: E731
    assert refuses(target, ReportError, act).startswith(f"cannot read signature {signature}: ")


def test_a_champions_report_with_another_digest_is_named(offers: Offers, target: Path) -> None:
    found = put(offers("champion"), target, Demands(policy=RELATIVE))
    report = report_of(target, found)
    report.write_bytes(report.read_bytes() + b" ")
    offer = offers("two", cosine=0.6)
    act = lambda: deploy(offer.model, offer.submission, Demands(policy=RELATIVE), target, now=NOW)  # noqa: E731
    assert refuses(target, ReportError, act) == (
        f"{report} is not the report that is in production: its digest differs"
    )


def test_the_champions_signature_is_kept_for_the_next_deployment(offers: Offers, target: Path) -> None:
    demands = trusting(TRUSTED, policy=RELATIVE)
    put(offers("champion", key=TRUSTED), target, demands)
    put(offers("two", cosine=0.6, key=TRUSTED), target, demands)


def test_a_champion_on_other_data_cannot_be_compared(offers: Offers, target: Path) -> None:
    demands = Demands(policy=RELATIVE)
    put(offers("champion"), target, demands)
    offer = offers("two")
    report = parse_report(offer.report.read_bytes())
    bank = replace(report.inputs.bank, sha256="c" * 64)
    offer.report.write_bytes(report_bytes(replace(report, inputs=replace(report.inputs, bank=bank))))
    message = refuses(
        target, ReportError, lambda: deploy(offer.model, offer.submission, demands, target, now=NOW)
    )
    assert "they differ in bank (cccccccccccc and bbbbbbbbbbbb)" in message


def test_a_champion_without_scores_cannot_be_compared_by_bound(offers: Offers, target: Path) -> None:
    put(offers("champion"), target)
    bound: LoadedPolicy = make_policy(f'{CHAMPION}max_regression = 0.0\ndecide = "bound"\n')
    offer = offers("two", scores=b"scores")
    before = snapshot(target)
    with pytest.raises(GatekeeperError) as caught:
        deploy(offer.model, offer.submission, Demands(policy=bound), target, now=NOW)
    assert caught.value.exit_code == 3
    assert "names no file with per-sample scores" in str(caught.value)
    assert snapshot(target) == before


def test_a_signature_of_another_report_is_not_kept_as_a_champions(offers: Offers, target: Path) -> None:
    offer = offers("one")
    report = make_report("f" * 64)
    envelope_path(offer.report).write_bytes(envelope_of(report, report_bytes(report), TRUSTED))
    refuses_all = trusting(TRUSTED)
    with pytest.raises(SignatureError, match="another report was signed"):
        deploy(offer.model, offer.submission, refuses_all, target, now=NOW)
    own = make_report(offer.digest)
    statement = make_statement(own, sha256(offer.report))
    envelope_path(offer.report).write_bytes(seal(statement, TRUSTED))
    put(offer, target, refuses_all)
