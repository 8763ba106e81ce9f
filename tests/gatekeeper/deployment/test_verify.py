"""The decision: what it believes, what it refuses, and what it says that it did not verify."""

import functools
import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import click.testing
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.deployment import verify
from gatekeeper.deployment.keys import key_id
from gatekeeper.deployment.verify import (
    Demands,
    Ruling,
    Submission,
    envelope_path,
    examine,
    model_digest,
    read_submission,
)
from schemas.codec import encode
from schemas.decision import ChampionUsed, PolicyUsed
from schemas.errors import DataError, GatekeeperError, ModelError, ReportError, SignatureError
from schemas.policy_io import LoadedPolicy
from schemas.report import Report, ScoresFile
from schemas.report_io import read_report
from schemas.strict_json import MAX_BYTES
from schemas.validation import violation
from tests.gatekeeper.deployment.conftest import Offers
from tests.gatekeeper.deployment.submissions import (
    CREATED,
    FOREIGN,
    NO_LOSS,
    NOW,
    POLICY,
    RELATIVE,
    TRUSTED,
    envelope_of,
    make_policy,
    make_report,
    make_submission,
    report_bytes,
    trusting,
    with_judgement,
)

Run = Callable[..., click.testing.Result]

MODEL, OTHER = "a" * 64, "f" * 64
ANY = Demands(policy=POLICY)
SIGNED = trusting(TRUSTED)
BOUND = make_policy(f'{NO_LOSS}decide = "bound"\n', name="bound")


def ask(
    submission: Submission,
    demands: Demands = ANY,
    *,
    model: str | None = MODEL,
    champion: Submission | None = None,
    champion_model: str | None = None,
    now: datetime = NOW,
) -> Ruling:
    """The ruling, after its record was compared with the published schema."""
    ruling = examine(
        submission,
        demands,
        model_sha256=model,
        champion=champion,
        champion_sha256=champion_model,
        now=now,
    )
    assert violation("decision", encode(ruling.decision, where="decision")) is None
    assert ruling.report.judgement == ruling.decision.judgement
    assert ruling.report.inputs.policy_sha256 == demands.policy.sha256
    assert ruling.report.policy == demands.policy.policy
    return ruling


def outcome(ruling: Ruling) -> str:
    return ruling.decision.judgement.verdict.outcome


def refusal(error: type[GatekeeperError], act: Callable[[], object]) -> str:
    with pytest.raises(error) as caught:
        act()
    assert type(caught.value) is error
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    return str(caught.value)


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
        (b'{"schema_version": "2.0"}', "expected schema_version 1.x, found '2.0'"),
        (b'{"schema_version": "1.0"}', "does not follow the schema"),
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


# The signature.


def test_an_unsigned_report_is_refused_where_a_key_is_trusted() -> None:
    message = refusal(SignatureError, lambda: ask(make_submission(make_report(MODEL)), SIGNED))
    assert message == (
        "model.report.json is not signed: expected model.report.dsse.json beside it; "
        "sign it with `gatekeeper sign`"
    )


def test_a_signature_nobody_asked_for_is_not_believed_and_a_note_says_so() -> None:
    submission = make_submission(make_report(MODEL), FOREIGN)
    decision = ask(submission).decision
    assert decision.signer is None
    note = "the report is signed, but no trusted key was given; add --trusted-key FILE"
    assert decision.notes == (note,)
    # Not even looked at.
    assert ask(replace(submission, envelope=b"garbage")).decision.notes == (note,)


def test_a_signature_of_a_foreign_key_is_refused() -> None:
    submission = make_submission(make_report(MODEL), FOREIGN)
    message = refusal(SignatureError, lambda: ask(submission, SIGNED))
    assert message.startswith("signature of model.report.json: signed by the key ")
    assert ask(submission, trusting(TRUSTED, FOREIGN)).decision.signer == key_id(FOREIGN.public_key())


def test_a_signature_of_another_report_is_refused() -> None:
    report, other = make_report(MODEL, cosine=0.6), make_report(MODEL, cosine=0.5)
    envelope = envelope_of(other, report_bytes(other), TRUSTED)
    submission = replace(make_submission(report), envelope=envelope)
    message = refusal(SignatureError, lambda: ask(submission, SIGNED))
    theirs = hashlib.sha256(report_bytes(other)).hexdigest()[:12]
    assert message == (
        f"signature of model.report.json: another report was signed (SHA-256 {theirs}, "
        f"this one has {submission.sha256[:12]})"
    )


def test_a_signature_over_this_report_and_another_model_is_refused() -> None:
    report, data = make_report(MODEL), report_bytes(make_report(MODEL))
    envelope = envelope_of(make_report(OTHER), data, TRUSTED)
    submission = replace(make_submission(report), envelope=envelope)
    for model in (MODEL, OTHER, None):
        act = functools.partial(ask, submission, SIGNED, model=model)
        expected = "signature of model.report.json: it is about another model than the report"
        assert refusal(SignatureError, act) == expected


def test_a_broken_signature_names_the_report() -> None:
    submission = replace(make_submission(make_report(MODEL)), envelope=b"{")
    message = refusal(SignatureError, lambda: ask(submission, SIGNED))
    assert message.startswith("signature of model.report.json: not JSON")


def test_an_unverified_report_is_not_even_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(data: bytes) -> Report:
        raise AssertionError("parsed before it was verified")

    monkeypatch.setattr(verify, "parse_report", never)
    report = make_report(MODEL)
    for envelope in (None, b"{", envelope_of(report, report_bytes(report), FOREIGN), b""):
        submission = replace(make_submission(report), envelope=envelope)
        refusal(SignatureError, functools.partial(ask, submission, SIGNED))


def test_a_signature_does_not_make_a_blocked_model_pass() -> None:
    assert outcome(ask(make_submission(make_report(MODEL, cosine=0.4), TRUSTED), SIGNED)) == "blocked"


# The champion.


def better(cosine: float = 0.6, key: Ed25519PrivateKey | None = None) -> Submission:
    return make_submission(make_report(MODEL, cosine=cosine), key)


def rival(report: Report | None = None, key: Ed25519PrivateKey | None = None) -> Submission:
    submission = make_submission(report or make_report(OTHER, cosine=0.5), key)
    return replace(submission, path=Path("champion.report.json"))


AGAINST = Demands(policy=RELATIVE)


@pytest.mark.parametrize(
    ("cosine", "found"), [(0.5, "deployable"), (0.6, "deployable"), (0.49, "blocked"), (0.46, "blocked")]
)
def test_a_champion_rule_compares_with_the_champion(cosine: float, found: str) -> None:
    ruling = ask(better(cosine), AGAINST, champion=rival())
    assert outcome(ruling) == found
    assert ruling.decision.notes == ()
    assert [each.name for each in ruling.decision.judgement.gates][-1] == "champion"


def test_champion_rules_without_a_champion_do_not_pass() -> None:
    ruling = ask(better(), AGAINST)
    assert outcome(ruling) == "blocked"
    assert ruling.decision.champion is None
    assert ruling.decision.notes == (
        "the policy has champion rules: add --champion REPORT, or --first if there is none yet",
    )


def test_champion_rules_are_left_out_of_a_first_deployment() -> None:
    ruling = ask(better(), replace(AGAINST, first=True))
    assert outcome(ruling) == "deployable"
    assert ruling.decision.notes == ("first deployment: the champion rules were left out",)
    assert "champion" not in {each.gate for each in ruling.decision.judgement.checks}
    assert ruling.decision.judgement.verdict.remarks


def test_a_first_deployment_still_has_to_pass() -> None:
    assert outcome(ask(better(0.4), replace(AGAINST, first=True))) == "blocked"


def test_a_policy_without_champion_rules_needs_no_champion() -> None:
    for first in (False, True):
        assert ask(better(), replace(ANY, first=first)).decision.notes == ()


def test_a_champion_named_for_nothing_decides_nothing() -> None:
    ruling = ask(better(0.46), ANY, champion=rival(make_report(OTHER, cosine=0.9)))
    assert outcome(ruling) == "deployable"


@pytest.mark.parametrize("key", [None, FOREIGN])
def test_the_champions_report_must_be_signed_too(key: Ed25519PrivateKey | None) -> None:
    demands = trusting(TRUSTED, policy=RELATIVE)
    message = refusal(SignatureError, lambda: ask(better(key=TRUSTED), demands, champion=rival(key=key)))
    assert "champion.report.json" in message
    assert "champion.report.dsse.json" in message or key is not None
    ruling = ask(better(key=TRUSTED), demands, champion=rival(key=TRUSTED))
    assert outcome(ruling) == "deployable"


def test_a_champion_that_is_not_in_production_is_refused() -> None:
    message = refusal(ReportError, lambda: ask(better(), AGAINST, champion=rival(), champion_model="c" * 64))
    assert message.startswith("champion.report.json is about another model: it names SHA-256 ffffffffffff")
    ask(better(), AGAINST, champion=rival(), champion_model=OTHER)


def test_a_control_is_a_champion_only_where_no_model_is_named() -> None:
    control = rival(make_report(None))
    ruling = ask(better(), AGAINST, champion=control)
    assert ruling.decision.champion == ChampionUsed(control.sha256, None)
    message = refusal(ReportError, lambda: ask(better(), AGAINST, champion=control, champion_model=OTHER))
    assert "is no model file" in message


def test_a_model_may_be_compared_with_itself() -> None:
    assert outcome(ask(better(), AGAINST, champion=better(), champion_model=MODEL)) == "deployable"


def test_a_malformed_report_of_the_champion_is_refused() -> None:
    broken = replace(rival(), report=b"{}")
    message = refusal(ReportError, lambda: ask(better(), AGAINST, champion=broken))
    assert message.startswith("report champion.report.json: ")


def test_the_champions_report_may_be_older_than_allowed() -> None:
    old = rival(make_report(OTHER, created=CREATED - timedelta(days=1000)))
    demands = replace(AGAINST, max_age=timedelta(days=1))
    assert outcome(ask(better(), demands, champion=old)) == "deployable"


def _inputs(**changed: object) -> Callable[[Report], Report]:
    return lambda report: replace(report, inputs=replace(report.inputs, **changed))  # type: ignore[arg-type]


def _settings(**changed: object) -> Callable[[Report], Report]:
    return lambda report: replace(report, settings=replace(report.settings, **changed))  # type: ignore[arg-type]


def _bank(report: Report) -> Report:
    return _inputs(bank=replace(report.inputs.bank, sha256="c" * 64))(report)


def _split(**changed: object) -> Callable[[Report], Report]:
    def change(report: Report) -> Report:
        val = replace(report.inputs.splits["val"], **changed)  # type: ignore[arg-type]
        return _inputs(splits={"val": val})(report)

    return change


def _more_splits(report: Report) -> Report:
    return _inputs(splits={**report.inputs.splits, "ood": report.inputs.splits["val"]})(report)


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        (_bank, "bank (bbbbbbbbbbbb and cccccccccccc)"),
        (_settings(context=6), "context (5 and 6)"),
        (_settings(horizon=2), "horizon (1 and 2)"),
        (_settings(gates_version=2), "gates version (1 and 2)"),
        (_settings(seed=7), "seed (0 and 7)"),
        (_settings(bin_edges=(0.4, 0.6)), "coherence bins ((0.45, 0.55) and (0.4, 0.6))"),
        (_split(sha256="c" * 64), "windows of val (111111111111 and cccccccccccc)"),
        (_split(sample_sha256="c" * 64), "sample draw of val (222222222222 and cccccccccccc)"),
        (_more_splits, "split ood (absent and present)"),
    ],
)
def test_an_incomparable_champion_is_refused_and_what_differs_is_named(
    change: Callable[[Report], Report], differs: str
) -> None:
    other = rival(with_judgement(change(make_report(OTHER))))
    for policy in (RELATIVE, BOUND):
        act = functools.partial(ask, better(), Demands(policy=policy), champion=other)
        message = refusal(ReportError, act)
        assert message == (
            "model.report.json and champion.report.json cannot be compared: they differ in " + differs
        )


def test_everything_that_differs_is_named() -> None:
    changed = _settings(seed=7, horizon=2)(_bank(make_report(OTHER)))
    message = refusal(ReportError, lambda: ask(better(), AGAINST, champion=rival(with_judgement(changed))))
    assert [what in message for what in ("bank (", "horizon (", "seed (")] == [True] * 3
    assert message.count("; ") == 2


@pytest.mark.parametrize(
    "change",
    [
        _settings(retrieval="torch"),
        _settings(max_samples=1000),
        _settings(horizon_source="flag"),
        lambda report: replace(report, environment=replace(report.environment, threads=64)),
        lambda report: replace(report, policy=make_policy(least=0.2).policy),
    ],
)
def test_what_does_not_move_the_samples_may_differ(change: Callable[[Report], Report]) -> None:
    other = rival(with_judgement(change(make_report(OTHER))))
    assert outcome(ask(better(), AGAINST, champion=other)) == "deployable"


# Scores, where a rule decides by the interval of a gain.


COSINE_GAIN = (
    '[[champion]]\nmetric = "offset_sweep.cos"\nsplits = ["val"]\nmin_gain = 0.05\ndecide = "bound"\n'
)


def scored(
    folder: Path, name: str, digest: str | None, content: bytes | None, told: bytes | None = None
) -> Submission:
    """A report that names scores, and the scores beside it."""
    folder.mkdir(exist_ok=True)
    told = content if told is None else told
    scores = None if told is None else ScoresFile(f"{name}.npz", hashlib.sha256(told).hexdigest())
    if content is not None:
        (folder / f"{name}.npz").write_bytes(content)
    report = make_report(digest, cosine=0.6, scores=scores)
    (folder / f"{name}.json").write_bytes(report_bytes(report))
    return read_submission(folder / f"{name}.json")


@pytest.mark.parametrize("who", ["model", "champion"])
@pytest.mark.parametrize(
    ("content", "told", "says"),
    [
        (None, None, "names no file with per-sample scores; evaluate the model again"),
        (None, b"scores", "No such file or directory; keep them beside the report"),
        (b"edited", b"scores", "its digest differs"),
        (b"no archive", b"no archive", "expected"),
    ],
)
def test_scores_that_are_missing_or_edited_are_refused(
    tmp_path: Path, who: str, content: bytes | None, told: bytes | None, says: str
) -> None:
    whole: tuple[bytes | None, bytes | None] = (b"scores", None)
    kinds = {"model": whole, "champion": whole, who: (content, told)}
    model = scored(tmp_path, "model", MODEL, kinds["model"][0], kinds["model"][1])
    champion = scored(tmp_path, "champion", OTHER, kinds["champion"][0], kinds["champion"][1])
    with pytest.raises(DataError) as caught:
        ask(model, Demands(policy=BOUND), champion=champion)
    # Of two files that are none, the champion's is read first.
    if who == "champion":
        assert re.search(says, str(caught.value))
        assert "champion" in str(caught.value)
    assert caught.value.exit_code == 3
    # Whoever decides by the estimates needs no scores.
    assert outcome(ask(model, AGAINST, champion=champion)) == "deployable"


@pytest.mark.parametrize(
    ("rules", "needed"),
    [
        ([NO_LOSS], False),
        ([f'{NO_LOSS}decide = "point"\n'], False),
        ([f'{NO_LOSS}decide = "bound"\n'], True),
        ([f'{NO_LOSS}decide = "bound"\nseverity = "warn"\n'], True),
        ([NO_LOSS, COSINE_GAIN], True),
    ],
)  # fmt: skip
def test_scores_are_needed_exactly_where_a_rule_decides_by_the_interval(
    tmp_path: Path, rules: list[str], needed: bool
) -> None:
    model = scored(tmp_path, "model", MODEL, None)
    champion = scored(tmp_path, "champion", OTHER, None)
    demands = Demands(policy=make_policy(*rules))
    if needed:
        message = refusal(DataError, lambda: ask(model, demands, champion=champion))
        assert "names no file with per-sample scores" in message
    else:
        assert outcome(ask(model, demands, champion=champion)) == "deployable"
    # Without a champion there is nothing to compare.
    assert outcome(ask(model, replace(demands, first=True))) == "deployable"


def test_a_policy_that_decides_by_intervals_throughout_needs_scores_too(tmp_path: Path) -> None:
    text_policy: LoadedPolicy = make_policy(NO_LOSS)
    demands = Demands(policy=replace(text_policy, policy=replace(text_policy.policy, decide="bound")))
    model = scored(tmp_path, "model", MODEL, None)
    champion = scored(tmp_path, "champion", OTHER, None)
    assert "per-sample scores" in refusal(DataError, lambda: ask(model, demands, champion=champion))


def test_scores_without_a_name_are_refused(tmp_path: Path) -> None:
    report = make_report(MODEL, scores=ScoresFile("", "d" * 64))
    submission = replace(make_submission(report), path=tmp_path / "model.json")
    refusal(DataError, lambda: ask(submission, Demands(policy=BOUND), champion=submission))


def test_a_rule_decides_by_the_interval_of_real_scores(world: Path, run: Run) -> None:
    """Reports of two controls on the same samples, measured for real."""
    for name in ("copy_last", "ridge"):
        assert run("eval", f"control:{name}", "--report", f"{name}.json").exit_code in (0, 1)
    worse, good = (read_submission(world / f"{name}.json") for name in ("copy_last", "ridge"))
    demands = Demands(policy=make_policy(COSINE_GAIN, least=-0.9))
    now = datetime.now(UTC)

    def status(model: Submission, champion: Submission) -> tuple[str, bool]:
        judgement = ask(model, demands, model=None, champion=champion, now=now).decision.judgement
        (check,) = (each for each in judgement.checks if each.gate == "champion")
        return check.status, check.low is not None

    assert status(good, worse) == ("pass", True)
    assert status(worse, good) == ("fail", True)
    assert status(good, good)[0] in ("fail", "inconclusive")
    scores = read_report(world / "ridge.json").scores
    assert scores is not None
    path = world / scores.name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert "its digest differs" in refusal(DataError, lambda: status(good, worse))
    path.unlink()
    assert "keep them beside the report" in refusal(DataError, lambda: status(good, worse))


# Files.


def test_a_submission_is_the_report_and_the_signature_beside_it(offers: Offers) -> None:
    unsigned, signed = offers("one"), offers("two", key=TRUSTED)
    assert unsigned.submission == Submission(unsigned.report, unsigned.report.read_bytes(), None)
    envelope = envelope_path(signed.report)
    assert signed.submission == Submission(signed.report, signed.report.read_bytes(), envelope.read_bytes())
    elsewhere = envelope.rename(envelope.with_name("elsewhere"))
    assert read_submission(signed.report).envelope is None
    assert read_submission(signed.report, elsewhere).envelope == elsewhere.read_bytes()


def test_a_named_signature_is_preferred_and_must_exist(offers: Offers) -> None:
    offer = offers("one", key=TRUSTED)
    other = offer.report.with_name("other")
    other.write_bytes(b"other")
    assert read_submission(offer.report, other).envelope == b"other"
    message = refusal(ReportError, lambda: read_submission(offer.report, other.with_name("nowhere")))
    assert message == f"cannot read signature {other.with_name('nowhere')}: No such file or directory"


@pytest.mark.parametrize("what", ["missing", "folder", "pipe"])
@pytest.mark.parametrize("which", ["report", "signature"])
def test_a_report_or_signature_that_is_no_file_is_refused(offers: Offers, what: str, which: str) -> None:
    offer = offers("one", key=TRUSTED)
    path = offer.report if which == "report" else envelope_path(offer.report)
    path.unlink()
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    if (what, which) == ("missing", "signature"):
        assert offer.submission.envelope is None
        return
    message = refusal(ReportError, lambda: offer.submission)
    assert message.startswith(f"cannot read {which} {path}: ")


def test_a_dangling_link_for_a_signature_is_no_signature(offers: Offers) -> None:
    offer = offers("one")
    envelope_path(offer.report).symlink_to("nowhere")
    message = refusal(SignatureError, lambda: ask(offer.submission, SIGNED, model=offer.digest))
    assert "is not signed" in message


def test_a_report_whose_signature_would_have_too_long_a_name_is_read(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 250}.json"
    path.write_bytes(b"{}")
    assert read_submission(path).envelope is None


@pytest.mark.parametrize("name", ["..", ".", "", "/"])
def test_a_folder_is_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    refusal(ReportError, lambda: read_submission(Path(name)))


@pytest.mark.parametrize("content", [b"", b"x", b"weights" * 1000, bytes(2**20 + 1)])
def test_the_digest_of_a_model_is_that_of_its_bytes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    assert model_digest(path) == hashlib.sha256(content).hexdigest()


def test_a_model_below_a_linked_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "model.pt").write_bytes(b"x")
    (tmp_path / "link").symlink_to("real")
    assert model_digest(tmp_path / "link" / "model.pt") == hashlib.sha256(b"x").hexdigest()


LINKED = "the model {} is a symbolic link, which may point elsewhere tomorrow; name the file itself"


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("missing", "cannot read the model {}: No such file or directory"),
        ("folder", "cannot read the model {}: it is no regular file"),
        ("pipe", "cannot read the model {}: it is no regular file"),
        ("link", LINKED),
        ("dangling", LINKED),
        ("circle", LINKED),
    ],
)  # fmt: skip
def test_a_model_that_is_no_file_of_its_own_is_refused(tmp_path: Path, what: str, says: str) -> None:
    path = tmp_path / "model.pt"
    (tmp_path / "real.pt").write_bytes(b"x")
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what != "missing":
        path.symlink_to({"link": "real.pt", "dangling": "nowhere", "circle": "model.pt"}[what])
    assert refusal(ModelError, lambda: model_digest(path)) == says.format(path)


def test_a_name_with_a_null_byte_is_no_model(tmp_path: Path) -> None:
    message = refusal(ModelError, lambda: model_digest(tmp_path / "a\0b"))
    assert message.endswith(": embedded null byte")


def test_a_name_longer_than_any_file_has_is_no_model(tmp_path: Path) -> None:
    message = refusal(ModelError, lambda: model_digest(tmp_path / ("x" * 300)))
    assert message.endswith(": File name too long")


def _grows(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"!")


def _shrinks(path: Path) -> None:
    os.truncate(path, 10)


def _is_written_to(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"W")


def _is_replaced(path: Path) -> None:
    path.with_name("other.pt").write_bytes(b"other")
    path.with_name("other.pt").replace(path)


def meanwhile(patch: pytest.MonkeyPatch, change: Callable[[Path], None], path: Path) -> None:
    """Let the file change when the first of it was read."""
    real = hashlib.sha256

    class Digest:
        def __init__(self) -> None:
            self.digest, self.done = real(), False

        def update(self, block: bytes) -> None:
            if not self.done:
                change(path)
            self.done = True
            self.digest.update(block)

        def hexdigest(self) -> str:
            return self.digest.hexdigest()

    patch.setattr(hashlib, "sha256", Digest)


@pytest.mark.parametrize("change", [_grows, _shrinks, _is_written_to])
@pytest.mark.parametrize("size", [1000, 10**6])
def test_a_model_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], size: int
) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(b"w" * size)
    os.utime(path, ns=(1, 1))
    monkeypatch.setattr(verify, "_BLOCK", 1000)
    with monkeypatch.context() as patch:
        meanwhile(patch, change, path)
        message = refusal(ModelError, lambda: model_digest(path))
    assert message == f"the model {path} changed while it was read"


def test_a_model_that_is_replaced_while_it_is_read_is_the_one_that_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(b"w" * 10**6)
    monkeypatch.setattr(verify, "_BLOCK", 1000)
    with monkeypatch.context() as patch:
        meanwhile(patch, _is_replaced, path)
        digest = model_digest(path)
    assert digest == hashlib.sha256(b"w" * 10**6).hexdigest()
    assert model_digest(path) == hashlib.sha256(b"other").hexdigest()
