"""Pairs of near rows, against a plain comparison of all."""

import numpy as np
import pytest
import torch

from gates import near_rows as module
from gates.near_rows import near_rows


@pytest.mark.parametrize("block", [1, 3, 512])
def test_it_finds_the_pairs_of_a_plain_comparison_in_order(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_QUERIES", block)
    rng = np.random.default_rng(0)
    queries, rows = (torch.from_numpy(rng.standard_normal((n, 4)).astype(np.float32)) for n in (10, 25))
    found = near_rows(queries, rows, 1.0)
    expected = [
        (i, j, float(one @ two))
        for i, one in enumerate(queries)
        for j, two in enumerate(rows)
        if float(one @ two) >= 1.0
    ]
    assert len(expected) > 20
    assert list(zip(found.queries.tolist(), found.rows.tolist(), strict=True)) == [e[:2] for e in expected]
    assert found.cosines.tolist() == pytest.approx([e[2] for e in expected], abs=1e-6)


def test_where_none_is_near_nothing_is_found() -> None:
    found = near_rows(torch.eye(3), torch.eye(3), 1.5)
    assert (len(found.queries), len(found.rows), len(found.cosines)) == (0, 0, 0)
