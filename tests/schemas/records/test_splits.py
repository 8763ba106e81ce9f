"""The names that reports, policies and data sets share; files hold them, so they never change."""

from schemas.records import splits


def test_the_splits_the_pair_and_the_one_that_selects() -> None:
    assert splits.SPLITS == ("train", "select", "val", "ood")
    assert (splits.TRAIN, splits.SELECT, splits.VAL, splits.OOD) == splits.SPLITS
    assert splits.CHECKED == ("train", "val", "ood")
    assert splits.EVALUATED == ("val", "ood")
    assert splits.PAIR == "val-ood"
    assert splits.selecting({"train": 1, "val": 2, "ood": 3}) == "val"
    assert splits.selecting(("select", "ood")) == "select"
