"""Decisions relative to a champion."""

import functools
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click.testing
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.deployment.submission import Submission, read_submission
from gatekeeper.deployment.verify import Demands
from schemas.errors import DataError, ReportError, SignatureError
from schemas.reading.report import read_report
from schemas.records.decision import ChampionUsed
from schemas.records.policy import LoadedPolicy
from schemas.records.report import Report, ScoresFile
from tests.gatekeeper.deployment.rulings import ANY, MODEL, OTHER, ask, outcome, refusal
from tests.gatekeeper.deployment.submissions import (
    CREATED,
    FOREIGN,
    NO_LOSS,
    RELATIVE,
    TRUSTED,
    make_policy,
    make_report,
    make_submission,
    report_bytes,
    trusting,
    with_judgement,
)

Run = Callable[..., click.testing.Result]


BOUND = make_policy(f'{NO_LOSS}decide = "bound"\n', name="bound")


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
        (_settings(gates_version=3), "gates version (2 and 3)"),
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


def test_a_rule_decides_by_the_interval_of_real_scores(wide: Path, run: Run) -> None:
    """Reports of two controls on the same samples, measured for real."""
    for name in ("copy_last", "ridge"):
        assert run("eval", f"control:{name}", "--report", f"{name}.json").exit_code in (0, 1)
    worse, good = (read_submission(wide / f"{name}.json") for name in ("copy_last", "ridge"))
    demands = Demands(policy=make_policy(COSINE_GAIN, least=-0.9))
    now = datetime.now(UTC)

    def status(model: Submission, champion: Submission) -> tuple[str, bool]:
        judgement = ask(model, demands, model=None, champion=champion, now=now).decision.judgement
        (check,) = (each for each in judgement.checks if each.gate == "champion")
        return check.status, check.low is not None

    assert status(good, worse) == ("pass", True)
    assert status(worse, good) == ("fail", True)
    assert status(good, good)[0] in ("fail", "inconclusive")
    scores = read_report(wide / "ridge.json").scores
    assert scores is not None
    path = wide / scores.name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert "its digest differs" in refusal(DataError, lambda: status(good, worse))
    path.unlink()
    assert "keep them beside the report" in refusal(DataError, lambda: status(good, worse))
