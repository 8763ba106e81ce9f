"""Decisions: what they say, and the report, model and time they rest on."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from gatekeeper.deployment.signing.keys import key_id
from gatekeeper.deployment.submission import Submission
from gatekeeper.deployment.verify import Demands, Ruling, examine
from schemas.errors import ModelError, ReportError
from schemas.reading.strict_json import MAX_BYTES
from schemas.records.decision import ChampionUsed, PolicyUsed
from tests.gatekeeper.deployment.rulings import ANY, MODEL, OTHER, ask, outcome, refusal
from tests.gatekeeper.deployment.submissions import (
    CREATED,
    FOREIGN,
    NOW,
    RELATIVE,
    TRUSTED,
    make_policy,
    make_report,
    make_submission,
    report_bytes,
    trusting,
    with_judgement,
)

# What a decision says.


@pytest.mark.parametrize(("cosine", "found"), [(0.5, "deployable"), (0.45, "deployable"), (0.4, "blocked")])
def test_the_outcome_is_that_of_the_metrics(cosine: float, found: str) -> None:
    assert outcome(ask(make_submission(make_report(MODEL, cosine=cosine)))) == found


def test_a_decision_names_all_that_it_rests_on() -> None:
    submission = make_submission(make_report(MODEL, cosine=0.6), TRUSTED)
    champion = make_submission(make_report(OTHER, cosine=0.5), TRUSTED)
    demands = trusting(FOREIGN, TRUSTED, policy=RELATIVE)
    decision = ask(submission, demands, champion=champion, champion_model=OTHER).decision
    assert replace(decision, judgement=ask(submission).decision.judgement) == replace(
        ask(submission).decision,
        signer=key_id(TRUSTED.public_key()),
        policy=PolicyUsed("relative", RELATIVE.sha256, "relative.toml"),
        champion=ChampionUsed(hashlib.sha256(champion.report).hexdigest(), OTHER),
        notes=(),
    )
    assert decision.decided == "2026-01-31T13:00:00Z"
    assert decision.report_created == "2026-01-31T12:00:00Z"
    assert decision.report_sha256 == hashlib.sha256(submission.report).hexdigest()
    assert decision.model_sha256 == MODEL


def test_the_time_is_that_of_the_clock_where_none_is_given() -> None:
    submission = make_submission(make_report(MODEL))
    before = datetime.now(UTC).replace(microsecond=0)
    decision = examine(submission, ANY, model_sha256=MODEL, champion=None).decision
    assert before <= datetime.fromisoformat(decision.decided) <= datetime.now(UTC)


def test_the_verifiers_policy_decides_and_not_the_reports() -> None:
    lenient, strict = make_policy(least=0.1, name="lenient"), make_policy(least=0.9, name="strict")
    submission = make_submission(make_report(MODEL, policy=lenient))
    assert outcome(ask(submission, Demands(policy=strict))) == "blocked"
    submission = make_submission(make_report(MODEL, policy=strict))
    assert outcome(ask(submission, Demands(policy=lenient))) == "deployable"


def test_the_waivers_of_the_verifiers_policy_count_on_the_day_of_the_decision() -> None:
    waiver = (
        '[[waiver]]\ngate = "rollout"\nmetric = "rollout.avg_cos"\nsplits = ["val"]\n'
        'owner = "somebody"\nreason = "for a while"\nexpires = "2026-02-10"\n'
    )
    demands = Demands(policy=make_policy(waiver))
    submission = make_submission(make_report(MODEL, cosine=0.4))
    for now, found in [
        (datetime(2026, 2, 10, 23, 59, 59, tzinfo=UTC), "deployable"),
        (datetime(2026, 2, 11, tzinfo=UTC), "blocked"),
    ]:
        assert outcome(ask(submission, demands, now=now)) == found


# The report.


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not JSON"),
        (b"{}", "expected an object with schema_version"),
        (b"\xff", "expected UTF-8"),
        (b'{"schema_version": "1.0"}', "expected schema_version 2.x, found '1.0'; older versions"),
        (b'{"schema_version": "2.0"}', "does not follow the schema"),
        (b" " * (MAX_BYTES + 1), f"expected at most {MAX_BYTES} bytes of JSON"),
    ],
)
def test_a_malformed_report_is_refused(data: bytes, says: str) -> None:
    message = refusal(ReportError, lambda: ask(Submission(Path("some.json"), data, None)))
    assert message.startswith("report some.json: ")
    assert says in message


def test_a_report_that_contradicts_itself_is_refused() -> None:
    report = make_report(MODEL, cosine=0.4)
    good = make_report(MODEL).judgement
    data = report_bytes(report)
    edited = data.replace(b'"outcome":"blocked"', b'"outcome":"deployable"')
    assert edited != data
    assert replace(report, judgement=good) != report
    message = refusal(ReportError, lambda: ask(Submission(Path("some.json"), edited, None)))
    assert "the claimed judgement does not follow from the evidence" in message


# The model.


def test_a_report_about_another_model_is_refused() -> None:
    message = refusal(ReportError, lambda: ask(make_submission(make_report(OTHER))))
    assert message == (
        "model.report.json is about another model: it names SHA-256 ffffffffffff, the model has "
        "aaaaaaaaaaaa; evaluate this model"
    )


def test_a_file_that_is_no_model_is_told_by_name(tmp_path: Path) -> None:
    path, submission = tmp_path / "bank", make_submission(make_report(OTHER))
    path.write_bytes(b"PAR1 and more")

    def asked(digest: str) -> Ruling:
        return examine(submission, ANY, model_sha256=digest, champion=None, now=NOW, model=path)

    assert refusal(ModelError, lambda: asked(MODEL)) == (
        f"{path} is a Parquet table; name the model file that the report is about"
    )
    assert outcome(asked(OTHER)) == "deployable"  # whose bytes are those that were evaluated


def test_a_digest_that_only_begins_the_same_is_another() -> None:
    submission = make_submission(make_report("a" * 63 + "b"))
    assert "is about another model" in refusal(ReportError, lambda: ask(submission))


def test_a_report_about_a_control_lets_no_file_through() -> None:
    submission = make_submission(make_report(None))
    message = refusal(ReportError, lambda: ask(submission))
    assert message == "model.report.json is about control:ridge, which is no model file"
    decision = ask(submission, model=None).decision
    assert decision.model_sha256 is None


def test_a_report_that_is_bound_to_no_file_says_so() -> None:
    ruling = ask(make_submission(make_report(MODEL)), model=None)
    assert outcome(ruling) == "deployable"
    assert ruling.decision.model_sha256 is None
    assert ruling.decision.notes == (
        "no model file was given, so the report is bound to none; add --model FILE",
    )


# Time.


@pytest.mark.parametrize(
    ("ahead", "refused"),
    [
        (timedelta(0), False),
        (timedelta(seconds=1), False),
        (timedelta(minutes=4, seconds=59), False),
        (timedelta(minutes=5), False),
        (timedelta(minutes=5, microseconds=1), True),
        (timedelta(minutes=5, seconds=1), True),
        (timedelta(days=1), True),
        (timedelta(days=365 * 50), True),
    ],
)
def test_a_report_from_the_future_is_refused_beyond_the_skew_of_clocks(
    ahead: timedelta, refused: bool
) -> None:
    submission = make_submission(make_report(MODEL))
    now = CREATED - ahead
    if not refused:
        assert outcome(ask(submission, now=now)) == "deployable"
        return
    message = refusal(ReportError, lambda: ask(submission, now=now))
    assert message == ("model.report.json was made in the future, at 2026-01-31T12:00:00Z; check the clocks")


@pytest.mark.parametrize(
    ("most", "says"),
    [
        (timedelta(days=30), "30 days"),
        (timedelta(days=2), "2 days"),
        (timedelta(days=1), "1 day"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=12), "12 hours"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=61), "61 seconds"),
        (timedelta(microseconds=1_500_000), "1.5 seconds"),
    ],
)
@pytest.mark.parametrize(
    ("beyond", "refused"),
    [
        (timedelta(microseconds=-1), False),
        (timedelta(0), False),
        (timedelta(microseconds=1), True),
        (timedelta(days=1000), True),
    ],
)
def test_a_report_older_than_allowed_is_refused(
    most: timedelta, says: str, beyond: timedelta, refused: bool
) -> None:
    submission, demands = make_submission(make_report(MODEL)), replace(ANY, max_age=most)
    now = CREATED + most + beyond
    if not refused:
        assert outcome(ask(submission, demands, now=now)) == "deployable"
        return
    message = refusal(ReportError, lambda: ask(submission, demands, now=now))
    assert message == (
        f"model.report.json is stale: made at 2026-01-31T12:00:00Z, more than {says} ago; evaluate again"
    )


def test_a_report_of_any_age_counts_where_no_age_is_asked_for() -> None:
    submission = make_submission(make_report(MODEL))
    assert outcome(ask(submission, now=CREATED + timedelta(days=365 * 20))) == "deployable"


def test_the_time_zone_of_the_clock_does_not_matter_for_the_age() -> None:
    submission = make_submission(make_report(MODEL))
    demands = replace(ANY, max_age=timedelta(hours=1))
    away = timezone(timedelta(hours=9))
    assert outcome(ask(submission, demands, now=NOW.astimezone(away))) == "deployable"
    later = (NOW + timedelta(seconds=1)).astimezone(away)
    assert "is stale" in refusal(ReportError, lambda: ask(submission, demands, now=later))


@pytest.mark.parametrize("fraction", ["", ".5", ".123", ".123456"])
def test_fractions_of_a_second_are_read(fraction: str) -> None:
    report = replace(make_report(MODEL), created=f"2026-01-31T12:00:00{fraction}Z")
    submission = make_submission(with_judgement(report))
    demands = replace(ANY, max_age=timedelta(hours=1))
    assert outcome(ask(submission, demands)) == "deployable"
    demands = replace(ANY, max_age=timedelta(minutes=59, seconds=59))
    assert "is stale" in refusal(ReportError, lambda: ask(submission, demands))
