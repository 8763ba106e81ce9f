"""The champion is the model in production."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.deployment.signing.envelope import seal
from gatekeeper.deployment.signing.statement import make_statement
from gatekeeper.deployment.verify import Demands
from gatekeeper.evaluation.companions import envelope_path
from schemas.errors import GatekeeperError, ReportError, SignatureError, UsageError
from schemas.reading.report import parse_report
from schemas.records.policy import LoadedPolicy
from tests.gatekeeper.deployment.folders import Offers, back, flip, folder, refuses, report_of
from tests.gatekeeper.deployment.served import ANY, deploy, put, served, sha256, snapshot
from tests.gatekeeper.deployment.submissions import (
    CHAMPION,
    FOREIGN,
    NOW,
    POLICY,
    RELATIVE,
    TRUSTED,
    envelope_of,
    make_policy,
    make_report,
    report_bytes,
    trusting,
)

pytestmark = pytest.mark.usefixtures("quick")


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


@pytest.mark.parametrize("damage", [flip, Path.unlink, folder])
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
