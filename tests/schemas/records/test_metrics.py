"""What each metric means, which way it improves, and what a misspelt one is answered."""

import pytest

from schemas.errors import PolicyError
from schemas.records.metrics import GATES, MEASURED, METRICS, MetricInfo, known_metric

POOLS = {
    "bank": "bank",
    "bank_unseen": "bank unseen",
    "article": "article",
    "article_unseen": "article unseen",
}
NEITHER = {
    *(f"offset_sweep.cos@{k}" for k in ("-3", "-2", "-1", "+1", "+2", "+3")),
    "offset_sweep.peak_offset",
    *(f"retrieval.{pool}.chance@{k}" for pool in POOLS for k in (1, 5, 10)),
    "retrieval.seed_pool.chance@5",
    "offset_sweep.copying",
    "geometry.spread_share",
    "geometry.rank_share",
    "data.leaked",
    "data.recited",
}
LOWER = {
    *(f"retrieval.{pool}.{name}" for pool in POOLS for name in ("median_rank", "median_rank_optimistic")),
    *(f"retrieval.{pool}.tie_share" for pool in POOLS),
    *(
        f"ablations.{name}"
        for name in ("shuffle", "reverse", "leave_one_out", "repeat_last", "cross_article")
    ),
    "bins_delta.delta",
    *(f"bins_delta.{name}.delta" for name in ("low", "normal", "high")),
}
PAIRS = {"bins_delta.delta", "bins_delta.low.delta", "bins_delta.normal.delta", "bins_delta.high.delta"}


def test_every_metric_has_its_name_its_gate_and_one_line() -> None:
    # 7 offsets and 9 figures of the sweep; per pool 3 recalls, 3 chances and 4 figures of the ranks;
    # 3 figures of what is known and 2 of the seed's own pool;
    # 5 ablations; 5 steps and their mean; 3 bins and all windows, a mean and a difference each; 2 shapes;
    # 2 signs that the test was seen.
    assert len(METRICS) == 16 + 4 * 10 + 5 + 5 + 6 + 4 * 2 + 2 + 2
    for name, info in METRICS.items():
        assert info.name == name
        assert info.gate == name[: name.index(".")]
        assert info.gate in MEASURED
        assert info.meaning == info.meaning.strip() != ""
        assert "\n" not in info.meaning
    assert len({info.meaning for info in METRICS.values()}) == len(METRICS)


def test_the_way_a_metric_improves() -> None:
    assert {name for name, info in METRICS.items() if info.better == "neither"} == NEITHER
    assert {name for name, info in METRICS.items() if info.better == "lower"} == LOWER
    higher = {name for name, info in METRICS.items() if info.better == "higher"}
    assert higher == METRICS.keys() - NEITHER - LOWER


def test_only_differences_between_splits_are_pairs() -> None:
    assert {name for name, info in METRICS.items() if info.pair is True} == PAIRS
    assert {name for name, info in METRICS.items() if info.pair is False} == METRICS.keys() - PAIRS


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("offset_sweep.cos@-3", "mean cosine to the chunk at target-3"),
        ("offset_sweep.cos@+0", "mean cosine to the chunk at target+0"),
        ("offset_sweep.cos@+3", "mean cosine to the chunk at target+3"),
        ("offset_sweep.cos", "mean cosine to the target (k = 0)"),
        ("offset_sweep.margin", "cos(k=0) minus the best other offset"),
        ("offset_sweep.margin_prev", "cos(k=0) minus cos(k=-1)"),
        ("offset_sweep.margin_last", "cos(k=0) minus cosine to the last context chunk"),
        ("offset_sweep.peak_offset", "offset with the highest mean cosine"),
        ("offset_sweep.win_rate_prev", "share of samples nearer to k=0 than to k=-1"),
        ("offset_sweep.margin_unseen", "cos(k=0) minus the best other offset that was not read"),
        (
            "offset_sweep.copying",
            "largest cosine to the context, over the same of the targets; copying is above 1",
        ),
        ("geometry.spread_share", "variance of the predictions over that of the targets"),
        ("geometry.rank_share", "effective rank of the predictions over that of the targets"),
        ("data.leaked", "share of targets that an article outside the split holds too"),
        ("data.recited", "share of answers that are the target itself"),
        ("offset_sweep.lift", "cosine to the target minus the mean cosine to what could be one"),
        (
            "retrieval.article_unseen.bits",
            "bits known of the target among the rows that could be the target",
        ),
        (
            "retrieval.article_unseen.bits_centred",
            "bits of the prediction less train's mean row among the rows that could be the target",
        ),
        (
            "retrieval.article_unseen.auc",
            "mean share of rivals that the target beats among the rows that could be the target",
        ),
        (
            "retrieval.seed_pool.r@5",
            "share of targets in the top 5 among themselves and the context",
        ),
        ("retrieval.seed_pool.chance@5", "R@5 of a random order of target and context"),
        ("ablations.shuffle", "change of cos(target) under shuffle of the context"),
        ("ablations.leave_one_out", "change of cos(target) under leave_one_out of the context"),
        ("rollout.avg_cos", "mean cosine over 5 free-running steps"),
        ("rollout.cos@1", "mean cosine at free-running step 1"),
        ("rollout.cos@5", "mean cosine at free-running step 5"),
        ("bins_delta.cos", "mean cosine to the target over all windows"),
        ("bins_delta.delta", "|mean cosine val - mean cosine ood|"),
        ("bins_delta.low.cos", "mean cosine in the low-coherence bin"),
        ("bins_delta.high.delta", "|val - ood| in the high bin"),
    ],
)
def test_a_metric_says_what_it_measures(name: str, meaning: str) -> None:
    assert METRICS[name].meaning == meaning


@pytest.mark.parametrize(("pool", "rows"), POOLS.items())
def test_a_rank_metric_says_among_which_rows(pool: str, rows: str) -> None:
    where = f"among the {rows} rows"
    for k in (1, 5, 10):
        assert METRICS[f"retrieval.{pool}.r@{k}"].meaning == f"share of targets in the top {k} {where}"
        assert METRICS[f"retrieval.{pool}.chance@{k}"].meaning == f"R@{k} of a random order {where}"
    assert METRICS[f"retrieval.{pool}.mrr"].meaning == f"mean reciprocal rank {where}"
    rank = METRICS[f"retrieval.{pool}.median_rank"]
    assert rank.meaning == f"median rank {where}, ties against the model"
    optimistic = METRICS[f"retrieval.{pool}.median_rank_optimistic"]
    assert optimistic.meaning == f"the same {where}, ties for the model"
    assert METRICS[f"retrieval.{pool}.tie_share"].meaning == f"share of targets tied with a rival {where}"


def test_metrics_come_gate_by_gate() -> None:
    gates = [info.gate for info in METRICS.values()]
    order = ("offset_sweep", "retrieval", "ablations", "rollout", "bins_delta")
    assert order == GATES
    assert (*order, "geometry", "data") == MEASURED
    assert gates == sorted(gates, key=MEASURED.index)


@pytest.mark.parametrize("name", ["offset_sweep.margin", "bins_delta.delta"])
def test_a_known_metric_is_found_by_its_exact_name(name: str) -> None:
    found = known_metric(name)
    assert found == METRICS[name]
    assert isinstance(found, MetricInfo)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("offset_sweep.margn", "offset_sweep.margin"),
        ("Offset_Sweep.Margin", "offset_sweep.margin"),
        ("retrieval.article.r@50", "retrieval.article.r@5"),
        ("rollout.cos@6", "rollout.cos@5"),
    ],
)
def test_a_misspelt_metric_names_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(PolicyError) as caught:
        known_metric(name)
    assert str(caught.value) == f"unknown metric {name!r}; the nearest known one is {nearest!r}"


@pytest.mark.parametrize("name", ["", "☹", "%"])
def test_a_name_near_to_none_is_answered_all_the_same(name: str) -> None:
    with pytest.raises(PolicyError) as caught:
        known_metric(name)
    asked, nearest = str(caught.value).split("; the nearest known one is ")
    assert asked == f"unknown metric {name!r}"
    assert nearest.strip("'") in METRICS
