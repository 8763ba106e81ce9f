"""What the articles of each split can show of the model that was measured on them."""

import math
from collections.abc import Iterator

from gates.offset_sweep import OffsetSweep
from gates.power import Sampled, power_of
from gates.suite import Bench, Measurement
from schemas.records.evidence import RIVALS, Evidence
from schemas.records.metrics import BITS_KNOWN, MARGIN
from schemas.records.power import Power
from schemas.verdict.knowledge import known_bits


def find_power(bench: Bench, measurement: Measurement, evidence: Evidence) -> dict[str, Power]:
    """Split -> the smallest gain over the best control and the smallest margin that would be shown there.

    Args:
        bench: windows and per-window bits of the controls.
        measurement: of the model.
        evidence: the metrics of both, and the gains.
    """
    confidence = bench.options.confidence
    return {
        split: power_of(
            _gains(bench, evidence, split),
            Sampled(evidence.model[split][MARGIN], samples[OffsetSweep.name].articles),
            confidence,
        )
        for split, samples in measurement.samples.items()
    }


def _gains(bench: Bench, evidence: Evidence, split: str) -> Iterator[tuple[str, Sampled]]:
    """The gain in bits over each control, those that know most first."""
    bits = {name: known_bits(evidence, split, name) for name in RIVALS}
    for name in sorted((name for name in RIVALS if not math.isnan(bits[name])), key=lambda name: -bits[name]):
        gain = evidence.gains[name][split][BITS_KNOWN]
        yield name, Sampled(gain, bench.rivals[name][split][BITS_KNOWN].articles)
