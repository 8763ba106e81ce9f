"""The table of an audit, literally."""

from dataclasses import replace
from typing import Any

from gatekeeper.render.audit import outlook, render_audit
from schemas.reading.codec import encode
from schemas.reading.schema import violation
from schemas.records.audit import (
    Audit,
    AuditRow,
    FrontierOfSplit,
    FrontierPoint,
    HeldOut,
    LeakedTarget,
    LeakedTargets,
    LeakSearch,
    Misplaced,
    SharedText,
)
from schemas.records.evidence import Metric
from schemas.records.power import Power
from tests.gatekeeper.data.audit.audits import metric

RECORD = Audit(
    schema_version="1.0",
    created="2026-05-04T03:02:01Z",
    source="bank.npz",
    bank_sha256="ab" * 32,
    context=5,
    horizon=1,
    direction="none",
    rows=(
        AuditRow("seed delta", metric(-0.5), "", None, "a figure"),
        AuditRow("context coherence", metric(0.40625), ">= 0.40", True, "another"),
        AuditRow("monotonicity", metric(0.0625, None), ">= 0.08", False, "a third"),
        AuditRow("order test", metric(None), "", None, "and none"),
    ),
    frontier={
        "val": FrontierOfSplit(
            (
                FrontierPoint(0.0, metric(-0.125), metric(0.5), metric(0.25)),
                FrontierPoint(1.25, metric(0.0625), metric(0.375), metric(None)),
            ),
            metric(0.25),
        )
    },
    leaks=LeakSearch(
        100,
        0.98,
        0.625,
        20,
        {"train": HeldOut(60, 1), "val": HeldOut(30, 2)},
        (
            SharedText(3, 7, ("train", "val"), 2, 0.25, 0.9996, "so it begins"),
            SharedText(3, 9, ("train", ""), 1, 0.125, 1.0, ""),
        ),
        4,
    ),
    leaked={
        "val": LeakedTargets(
            Metric(0.125, 0.0, 0.25, 16, 4),
            (
                LeakedTarget(
                    40, 3, 1.0, 1.0, (3, 7), ("One", ""), (4, 0), "train", ("so it\x1b is", "so it is")
                ),
                LeakedTarget(41, 9, 0.9813, 0.981, (3, "b"), ("One", "Two"), (5, 2), "", ("", "")),
            ),
        ),
        "ood": LeakedTargets(Metric(None, None, None, 0, 0, "no article lies outside"), ()),
    },
    power={
        "val": Power("copy_last", 0.0625, 0.0156, 1234),
        "ood": Power("copy_last", 1.5, None, None),
        "third": Power(None, None, None, None),
    },
    misplaced=(
        Misplaced(5, "texts", "its texts fit nowhere in it"),
        *(Misplaced(article, "order", "it runs backwards") for article in range(20, 31)),
    ),
    problems=("val leaks",),
    findings=("one thing", "and another"),
)


TABLE = """\
Can a model work on this data? No: val leaks.

bank.npz: context 5, horizon 1, held-out articles

figure             value    95% interval      published    met
-----------------  -------  ----------------  -----------  -----  --------
seed delta         -0.500   [-0.510, -0.490]                      a figure
context coherence  0.406    [0.396, 0.416]    >= 0.40      yes    another
monotonicity       0.062    -                 >= 0.08      no     a third
order test         -        -                                     and none

What a linear model can buy on val (target minus alpha times its neighbours; constant prediction: cos 0.250):
alpha    margin                   cos                   R@5 unseen
-------  -----------------------  --------------------  --------------------
0        -0.125 [-0.135, -0.115]  0.500 [0.490, 0.510]  0.250 [0.240, 0.260]
1.25     0.062 [0.052, 0.072]     0.375 [0.365, 0.385]  - -

Duplicates (cosine >= 0.98; the nearest of another article usually has 0.625): \
100 chunks, each compared with those of its nearest 6 of 20 lists
  train: 1 of 60 chunks have a near duplicate in another split
  val: 2 of 30 chunks have a near duplicate in another split
  - article 3 (train) and article 7 (val) share 2 (25%), cosine 1.000: so it begins
  - article 3 (train) and article 9 share 1 (12%), cosine 1.000
  - and 4 more pairs of articles

Targets that articles outside their split hold too (cosine also without the mean row):
  val: 2 of 16 (12.5%)
  - chunk 4 of article 3 'One' and chunk 0 of article 7 (train), cosine 1.000: so it� is | so it is
  - chunk 5 of article 3 'One' and chunk 2 of article b 'Two', cosine 0.981
  ood: no article lies outside

The smallest gain and margin that these articles show with probability 0.8,
of a model that differs from the last chunk as a plain weighted copy does
(it and a quarter of the one before, minus the mean row):
split    gain in bits    over       margin    articles for a gain of 0.05 bits
-------  --------------  ---------  --------  ----------------------------------
val      0.062           copy_last  0.016     1,234
ood      1.500           copy_last  -         more than 10,000
third    -               -          -         -

Articles whose chunks are not where they say:
  - article 5: its texts fit nowhere in it
  - article 20: it runs backwards
  - article 21: it runs backwards
  - article 22: it runs backwards
  - article 23: it runs backwards
  - article 24: it runs backwards
  - article 25: it runs backwards
  - article 26: it runs backwards
  - article 27: it runs backwards
  - article 28: it runs backwards
  - and 2 more; --format json lists all

These gates cannot be decided:
  - val leaks
Findings:
  - one thing
  - and another"""


def test_the_table_is_this() -> None:
    assert [line.rstrip() for line in render_audit(RECORD).split("\n")] == TABLE.split("\n")


def test_the_table_of_sound_data_ends_with_what_can_be_decided() -> None:
    sound = replace(
        RECORD,
        problems=(),
        misplaced=(),
        leaks=LeakSearch(100, 0.98, None, None, {}, (), 0),
        leaked={},
        power={},
    )
    assert render_audit(sound).split("\n")[-6:] == [
        "Duplicates (cosine >= 0.98): 100 chunks, each compared with all others",
        "",
        "These gates can be decided on this data.",
        "Findings:",
        "  - one thing",
        "  - and another",
    ]


def test_the_record_itself_follows_the_schema() -> None:
    value: Any = encode(RECORD, where="audit")
    assert violation("audit", value) is None
    value["rows"][0]["meaning"] = "two\nlines"
    assert (violation("audit", value) or "").startswith(
        "$.rows[0].meaning: control characters are not allowed"
    )


def test_the_outlook_is_that_of_linear_models_that_do_not_point_away() -> None:
    good = replace(RECORD, problems=())
    assert outlook(good) == (
        "Can a model work on this data? Yes: a linear one is nearest to the target, its best margin +0.062 "
        "on val, 0.05 needed."
    )
    bought = replace(good.frontier["val"], constant_cos=metric(0.4))
    assert outlook(replace(good, frontier={"val": bought})) == (
        "Can a model work on this data? Unlikely: a linear one is not nearest to the target, its best margin "
        "-0.125 on val, 0.05 needed."
    )
    lost = replace(good.frontier["val"], constant_cos=metric(0.6))
    for frontier in ({"val": lost}, {"val": good.frontier["val"], "ood": lost}, {}):
        assert outlook(replace(good, frontier=frontier)) == (
            "Can a model work on this data? Unlikely: no linear model does better than a constant."
        )


def test_a_limit_that_the_data_raised_says_so() -> None:
    raised = replace(RECORD, leaks=replace(RECORD.leaks, limit=0.99625, usual=0.9875))
    assert (
        "Duplicates (cosine >= 0.99625, what is unusual in these data; the nearest of another article "
        "usually has 0.988): 100 chunks, each compared with those of its nearest 6 of 20 lists"
    ) in render_audit(raised).split("\n")
