"""Rollbacks: what is served again, and what is not."""

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from gatekeeper.deployment.releases import history, read_release
from gatekeeper.deployment.verify import Demands
from schemas.errors import ModelError, ReportError, UsageError
from schemas.records.production import Predecessor
from tests.gatekeeper.deployment.folders import (
    STAMP,
    Offers,
    back,
    edit,
    flip,
    folder,
    link,
    model_of,
    numbers,
    pipe,
    refuses,
    report_of,
)
from tests.gatekeeper.deployment.served import put, roll_back, snapshot
from tests.gatekeeper.deployment.submissions import (
    CHAMPION,
    NOW,
    TRUSTED,
    make_policy,
    trusting,
)

pytestmark = pytest.mark.usefixtures("quick")


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
        assert put(offers("three"), target).deployed == STAMP
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


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


@pytest.mark.parametrize("damage", [flip, cut, Path.unlink, link, pipe, folder])
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


@pytest.mark.parametrize("damage", [flip, cut, Path.unlink, pipe, folder])
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
    edit(target / "releases" / "000001" / "PRODUCTION.json", **fields)
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
    edit(path, model=json.loads((path.parent.parent / "000001" / "PRODUCTION.json").read_text())["model"])
    assert read_release(target, 2).model == first.model
    message = refuses(target, ModelError, lambda: roll_back(target))
    assert message == (
        f"{model_of(target, first)} is damaged: expected SHA-256 {offers('two').digest[:12]}; "
        "nothing was switched"
    )
