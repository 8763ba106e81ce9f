"""What the report says where the test was seen before. Pure."""

from schemas.records.evidence import ORACLE, Evidence
from schemas.records.inputs import Setup
from schemas.records.metrics import LEAKED, RECITED
from schemas.verdict.checks import measured_splits
from schemas.verdict.wording import share

MOSTLY = 0.5
"""A model that recites more than this share of the targets has seen them."""


def remarks(evidence: Evidence, setup: Setup | None) -> list[str]:
    """Targets that other articles hold too, and answers that are the targets themselves.

    Args:
        evidence: of the model and the controls.
        setup: what was evaluated; the oracle is not told that it knows the targets.
    """
    oracle = setup is not None and _is_oracle(setup)
    found = []
    for split in measured_splits(evidence.model):
        rows = evidence.model[split]
        leaked, recited = rows.get(LEAKED), rows.get(RECITED)
        if leaked is not None and leaked.value:
            count = round(leaked.value * leaked.n)
            found.append(
                f"{count} of the {leaked.n} targets of {split} ({share(leaked.value, 1)}) "
                f"{'lies' if count == 1 else 'lie'} in articles outside it too, so whoever has read those "
                "has seen them; --html and data audit name them"
            )
        if recited is not None and recited.value is not None and recited.value > MOSTLY and not oracle:
            found.append(
                f"{share(recited.value)} of the answers on {split} are the targets themselves: the model has "
                "seen them"
            )
    return found


def _is_oracle(setup: Setup) -> bool:
    model = setup.inputs.model
    return model.kind == "control" and model.architecture == ORACLE
