"""What the tests of the decision share."""

from collections.abc import Callable
from datetime import datetime

import pytest

from gatekeeper.deployment.submission import Submission
from gatekeeper.deployment.verify import Demands, Ruling, examine
from schemas.errors import GatekeeperError
from schemas.reading.codec import encode
from schemas.reading.schema import violation
from tests.gatekeeper.deployment.submissions import (
    NOW,
    POLICY,
    TRUSTED,
    trusting,
)

MODEL, OTHER = "a" * 64, "f" * 64


ANY = Demands(policy=POLICY)


SIGNED = trusting(TRUSTED)


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
