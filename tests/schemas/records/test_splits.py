"""The names that reports, policies and data sets share; files hold them, so they never change."""

from schemas.records import splits


def test_the_splits_the_pair_and_the_one_that_selects() -> None:
    assert splits.SPLITS == ("train", "val", "ood")
    assert (splits.TRAIN, splits.VAL, splits.OOD) == splits.SPLITS
    assert splits.EVALUATED == ("val", "ood")
    assert splits.PAIR == "val-ood"
    assert splits.SELECTING == "val"
