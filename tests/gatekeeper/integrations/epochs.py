"""Epochs as a history keeps them, with figures that can be told apart."""

from schemas.records.history import FIGURES, Epoch, MiniGates, SplitGates, Steps


def figures(base: float) -> dict[str, float]:
    return {name: base + number / 100 for number, name in enumerate(FIGURES)}


def split(margin: float | None, recall: float | None, cos: float | None) -> SplitGates:
    return SplitGates(
        cos=cos,
        margin=margin,
        margin_prev=None,
        margin_last=0.5,
        recall=recall,
        recall_unseen=0.25,
        bits=0.5,
        recall_seed_pool=0.875,
        chance_seed_pool=0.8125,
    )


def mini(margin: float | None = 0.052, recall: float | None = 0.702, cos: float | None = 0.476) -> MiniGates:
    return MiniGates(
        splits={"val": split(margin, recall, cos), "ood": split(-1.0, 0.0, 0.1)},
        gates={"offset_sweep": "pass", "retrieval": "fail", "rollout": "pass", "backward_bias": "pass"},
        outcome="blocked",
        escaped=False,
        kept=True,
    )


def epoch(number: int, *, gates: MiniGates | None = None, ends: tuple[int, ...] = (4, 6)) -> Epoch:
    steps = tuple(Steps(end, figures(10.0 * number + end)) for end in ends)
    return Epoch(number, samples=60, seconds=2.0, lr=0.1 / number, steps=steps, mini=gates)
