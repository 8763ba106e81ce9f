"""The splits of a data set, named once."""

SPLITS: tuple[str, str, str] = ("train", "val", "ood")
"""All that a data set may have and a policy may check on: one to learn from, and two that are held out."""

TRAIN, VAL, OOD = SPLITS

EVALUATED: tuple[str, str] = (VAL, OOD)
"""What an evaluation measures, and what the metrics of a pair compare."""

PAIR = f"{VAL}-{OOD}"
"""Name under which the metrics that compare the two are stored."""

SELECTING = VAL
"""The split that chooses which weights are kept, so that ood stays an honest test of them."""
