from collections.abc import Callable

import numpy as np
import pytest
import torch

from gates.contracts import Dataset, Queries, Window
from gates.controls import make_controls
from gates.windows import make_dataset, window_rows
from schemas.records.evidence import CONTROLS
from schemas.records.splits import EVALUATED


@pytest.fixture
def queries(make_data: Callable[..., Dataset]) -> Queries:
    dataset = make_data()
    rows = dataset.splits["val"].last_rows[:20]
    contexts = torch.from_numpy(dataset.bank.vectors[rows[:, None] + np.arange(-4, 1)])
    return Queries(contexts, rows + 1)


def test_each_control_answers_as_its_name_says(make_data: Callable[..., Dataset], queries: Queries) -> None:
    dataset = make_data()
    controls, _ = make_controls(dataset, EVALUATED, seed=0)
    assert tuple(controls) == tuple(CONTROLS)
    answers = {name: predictor.predict(queries) for name, predictor in controls.items()}
    vectors = torch.from_numpy(dataset.bank.vectors)
    assert torch.equal(answers["oracle"], vectors[queries.target_rows])
    assert torch.equal(answers["copy_last"], queries.contexts[:, -1])
    assert torch.allclose(answers["mean_context"], sum(queries.contexts.unbind(1)) / 5, atol=1e-6)  # type: ignore[arg-type]
    assert torch.allclose(answers["constant"], vectors.mean(dim=0).expand(20, -1), atol=1e-6)
    assert len({tuple(row) for row in answers["random"].tolist()}) > 15
    for name in ("constant", "random", "oracle"):
        other = Queries(torch.flip(queries.contexts, dims=(1,)), queries.target_rows)
        assert torch.equal(controls[name].predict(other), answers[name])  # the context does not matter
    elsewhere = Queries(queries.contexts, len(vectors) - 1 - queries.target_rows)
    changed = {name for name in controls if not torch.equal(controls[name].predict(elsewhere), answers[name])}
    # Here what is fitted is cross-fitted, and the target's article says which fold answers.
    assert changed == {name for name in controls if controls[name].reads_targets}
    fitted = {"ridge", "ridge_centred", "copy_last_centred", "copy_mix", "logit"}
    assert changed == {"oracle", "random", *fitted}


def test_ridge_learns_from_the_train_split_where_there_is_one(make_data: Callable[..., Dataset]) -> None:
    data = make_data()
    rows = {
        name: window_rows(data.bank, np.array(members), Window(5, 1))
        for name, members in {"train": [0, 1, 5], "val": [2, 3], "ood": [6, 7]}.items()
    }
    dataset = make_dataset(data.bank, rows, Window(5, 1))
    controls, source = make_controls(dataset, EVALUATED, seed=0)
    assert source == "train split"
    fewer = {"train": rows["train"], "val": rows["val"][:1], "ood": rows["ood"][:1]}
    again, _ = make_controls(make_dataset(data.bank, fewer, Window(5, 1)), EVALUATED, seed=0)
    # What is evaluated has no influence on a ridge that was fitted on train.
    first, second = controls["ridge"], again["ridge"]
    contexts = torch.randn(3, 5, 12, generator=torch.Generator().manual_seed(0))
    query = Queries(contexts, np.array([1, 2, 3]))
    assert torch.equal(first.predict(query), second.predict(query))
