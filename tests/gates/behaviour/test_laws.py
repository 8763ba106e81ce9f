"""What must hold for any model and any data, on all gates at once."""

from collections.abc import Callable

import numpy as np
import pytest

from gates.contracts import Bank, Dataset, Window
from gates.controls import make_controls
from gates.options import Options
from gates.suite import make_gates, run_gates
from gates.windows import make_dataset, window_rows
from schemas.records.evidence import Metric
from schemas.records.metrics import POOLS, RECALL_AT
from schemas.records.splits import EVALUATED, PAIR
from tests.gates.conftest import Mixer, quiet, run_all, values


@pytest.fixture(params=[1, 2])
def speech_data(request: pytest.FixtureRequest, speeches: Bank) -> Dataset:
    articles = np.unique(speeches.articles)
    half = len(articles) // 2
    rows = {
        name: window_rows(speeches, chosen, Window(5, request.param))[::5]
        for name, chosen in {"val": articles[:half], "ood": articles[half:]}.items()
    }
    return make_dataset(speeches, rows, Window(5, request.param))


def test_controls_on_real_text(speech_data: Dataset) -> None:
    controls, source = make_controls(speech_data, EVALUATED, seed=0)
    assert source == "cross-fitted by article"
    scores = {name: run_all(speech_data, control).metrics for name, control in controls.items()}
    for split in EVALUATED:
        oracle = scores["oracle"][split]
        assert oracle["offset_sweep.cos"].value == pytest.approx(1.0, abs=1e-6)
        assert oracle["offset_sweep.peak_offset"].value == 0
        assert oracle["retrieval.bank.r@1"].value == 1.0
        assert oracle["rollout.avg_cos"].value == pytest.approx(1.0, abs=1e-6)
        assert all(oracle[f"ablations.{name}"].value == 0.0 for name in ("shuffle", "reverse"))
        for name in ("copy_last", "constant", "random"):
            margin = scores[name][split]["offset_sweep.margin"].value
            recall = scores[name][split]["retrieval.article.r@5"].value
            assert margin is not None
            assert recall is not None
            assert margin < 0.05
            assert recall < 0.70
        # copy_last returns the chunk at k = -horizon: that offset has cosine 1.
        last = scores["copy_last"][split][f"offset_sweep.cos@{-speech_data.window.horizon}"].value
        assert last == pytest.approx(1.0, abs=1e-6)
        # A constant ignores its context, so no damage can matter.
        assert all(
            metric.value == 0.0 for key, metric in scores["constant"][split].items() if "ablations" in key
        )
    assert scores["oracle"][PAIR]["bins_delta.delta"].value == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("factor", [1e-30, 1e-3, 7.0, 1e30])
def test_positive_scaling_changes_nothing_but_what_a_vector_is_subtracted_from(
    make_data: Callable[..., Dataset], make_mixer: Callable[..., Mixer], factor: float
) -> None:
    dataset = make_data()
    plain = values(run_all(dataset, make_mixer(dataset)))
    scaled = values(run_all(dataset, make_mixer(dataset, scale=factor)))
    for found in (plain, scaled):
        for split in EVALUATED:
            del found[split, "retrieval.article_unseen.bits_centred"]
    assert scaled == pytest.approx(plain, abs=1e-6)


def test_order_and_batch_size_change_nothing(
    make_data: Callable[..., Dataset], make_mixer: Callable[..., Mixer]
) -> None:
    dataset = make_data(horizon=2)
    rng = np.random.default_rng(0)
    rows = {name: split.last_rows for name, split in dataset.splits.items()}
    mixed = {name: rng.permutation(last) for name, last in rows.items()}
    found = []
    for given, size in ((rows, 64), (mixed, 64), (rows, 7)):
        options = Options(batch_size=size, min_samples=1, min_articles=1)
        measured = run_gates(
            dataset, options, given, make_gates(dataset, options), make_mixer(dataset), quiet
        )
        found.append(values(measured))
    assert found[1] == pytest.approx(found[0], abs=1e-6)
    assert found[2] == pytest.approx(found[0], abs=1e-6)


def test_recall_grows_with_k_and_unseen_ranks_are_no_worse(
    make_data: Callable[..., Dataset], make_mixer: Callable[..., Mixer]
) -> None:
    dataset = make_data()
    measured = run_all(dataset, make_mixer(dataset))
    for split in EVALUATED:
        arrays = measured.samples[split]["retrieval"].arrays
        for pool in POOLS:
            recalls = [measured.metrics[split][f"retrieval.{pool}.r@{k}"].value or 0.0 for k in RECALL_AT]
            assert recalls == sorted(recalls)
            assert (arrays[f"{pool}.optimistic"] <= arrays[f"{pool}.rank"]).all()
            assert (arrays[f"{pool}.rank"] <= arrays[f"{pool}.size"]).all()
        for pool in ("bank", "article"):
            assert (arrays[f"{pool}_unseen.rank"] <= arrays[f"{pool}.rank"]).all()
        assert (arrays["article.rank"] <= arrays["bank.rank"]).all()


def test_short_articles_leave_gates_undefined_not_zero() -> None:
    from gates.bank import build_bank

    rng = np.random.default_rng(0)
    lengths = 7  # a context of five and its target fit, the seven neighbours and the rollout do not
    bank = build_bank(
        rng.standard_normal((6 * lengths, 8)),
        np.repeat(np.arange(6), lengths),
        np.tile(np.arange(lengths), 6),
        source="short",
    )
    rows = {
        name: window_rows(bank, np.array(members), Window(5, 1))
        for name, members in {"val": [0, 1, 2], "ood": [3, 4, 5]}.items()
    }
    dataset = make_dataset(bank, rows, Window(5, 1))
    controls, _ = make_controls(dataset, EVALUATED, seed=0)
    metrics = run_all(dataset, controls["copy_last"]).metrics["val"]
    for name in ("offset_sweep.margin", "offset_sweep.peak_offset", "rollout.avg_cos"):
        assert metrics[name] == Metric(None, None, None, 0, 0, metrics[name].reason)
        assert metrics[name].reason
    assert metrics["retrieval.article.r@5"].value is not None
