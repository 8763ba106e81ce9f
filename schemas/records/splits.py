"""The splits of a data set, named once."""

from collections.abc import Container

SPLITS: tuple[str, str, str, str] = ("train", "select", "val", "ood")
"""All that a data set may have: one to learn from, one to choose epochs on, and two that are held out."""

TRAIN, SELECT, VAL, OOD = SPLITS

CHECKED: tuple[str, str, str] = (TRAIN, VAL, OOD)
"""What a policy may check on and pin. Not what chooses the epoch: its figures are those that were chosen."""

EVALUATED: tuple[str, str] = (VAL, OOD)
"""What an evaluation measures, and what the metrics of a pair compare."""

PAIR = f"{VAL}-{OOD}"
"""Name under which the metrics that compare the two are stored."""


def selecting(splits: Container[str]) -> str:
    """The split that chooses which weights are kept: ``select`` where there is one, else ``val``.

    ood never has a say, so that it stays an honest test. val stays one where there is a ``select``.

    Example:
        >>> selecting(("train", "val", "ood")), selecting(("train", "select", "val", "ood"))
        ('val', 'select')
    """
    return SELECT if SELECT in splits else VAL
