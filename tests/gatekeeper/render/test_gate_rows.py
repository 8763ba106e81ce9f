"""A row a gate."""

from dataclasses import replace

import pytest

from gatekeeper.render.gate_rows import gate_lines
from schemas.reading.policy import load_policy
from schemas.records.splits import SPLITS
from tests.gatekeeper.render.rulings import MARGIN, make_evidence
from tests.gatekeeper.render.test_verdict import report_of


@pytest.mark.parametrize(
    ("splits", "heads", "row"),
    [
        (
            ("ood",),
            "ood needed   knows nothing",
            "pass   A nearest to target   0.150 ±0.010 >= 0.05  copy -0.100",
        ),
        (
            SPLITS,
            "train      val      ood needed   knows nothing",
            "SKIP   A nearest to target         -    0.150    0.150 >= 0.05  copy -",
        ),
    ],
)
def test_the_columns_are_the_splits_that_the_policy_checks(
    splits: tuple[str, ...], heads: str, row: str
) -> None:
    policy = load_policy("seed-5cat").policy
    checks = tuple(replace(check, splits=splits) for check in policy.checks if check.metric == MARGIN)
    lines = gate_lines(report_of(make_evidence(), replace(policy, checks=checks)))
    assert lines[0].endswith(heads)
    assert lines[1] == row
    assert lines[2].startswith("SKIP   B finds the target ")
    assert lines[2].endswith("not checked")
