"""Champion rules over one check, and a comparison by them."""

from schemas.records.evidence import Evidence
from schemas.records.judgement import Judgement
from schemas.records.policy import ChampionRule, Decide, Policy, PolicyCheck, Severity
from schemas.verdict.gains import gains
from schemas.verdict.judge import judge

ROLLOUT, DELTA, REVERSE = "rollout.avg_cos", "bins_delta.delta", "ablations.reverse"
GAIN = "the gain of rollout.avg_cos on val over the champion"


def rule(
    metric: str = ROLLOUT,
    split: str = "val",
    loss: float | None = None,
    least: float | None = None,
    most: float | None = None,
    *,
    severity: Severity = "error",
    decide: Decide | None = None,
) -> ChampionRule:
    return ChampionRule(metric, (split,), loss, least, most, severity, decide)


def policy(*rules: ChampionRule, decide: Decide = "point") -> Policy:
    line = PolicyCheck("rollout", ROLLOUT, ("val",), 0.1, None, None, required=False, decide="point")
    return Policy("1.0", "p", "", decide, 1, 100, 5, (line,), champion=rules)


def against(judged: Policy, evidence: Evidence, champion: Evidence) -> Judgement:
    return judge(evidence, judged, confidence=0.95, gains=gains(evidence, champion))


def only_champion(judgement: Judgement) -> tuple[str, str]:
    (check,) = (check for check in judgement.checks if check.gate == "champion")
    return check.status, check.sentence
