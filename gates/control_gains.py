"""How much more a predictor knows than a control: differences on the very same samples.

Both answered the same windows, so the difference is taken window by window, and its interval is that of
the paired differences, clustered by article.
"""

from collections.abc import Mapping

from gates.clusters import Grouped
from gates.contracts import Samples, Values
from gates.paired import paired_difference, sample_values
from schemas.records.evidence import GAINED, Gains

SplitValues = Mapping[str, Mapping[str, Values]]
"""split -> full metric name -> its per-sample values, of the metrics whose gains a report holds."""

RivalValues = Mapping[str, SplitValues]
"""The same of every control but the oracle."""


def gained_values(samples: Mapping[str, Mapping[str, Samples]]) -> SplitValues:
    """What gains are computed from.

    Args:
        samples: split -> gate -> what was measured of a predictor.
    """
    return {
        split: {
            name: values
            for gate, measured in gates.items()
            for name, values in sample_values(gate, measured).items()
            if name in GAINED
        }
        for split, gates in samples.items()
    }


def gains_over(rivals: RivalValues, mine: SplitValues, confidence: float) -> Gains:
    """Control -> split -> metric -> mine minus the control's, with the clustered paired interval.

    Args:
        rivals: of the controls.
        mine: of a predictor on the same samples.
        confidence: two-sided.
    """
    grouped = {
        split: {name: Grouped.of(each.articles) for name, each in rows.items() if len(each.values)}
        for split, rows in mine.items()
    }
    return {
        control: {
            split: {
                name: paired_difference(
                    theirs, mine[split][name], confidence, grouped[split].get(name)
                ).metric
                for name, theirs in rows.items()
            }
            for split, rows in values.items()
        }
        for control, values in rivals.items()
    }
