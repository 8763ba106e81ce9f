"""What may be taken as a prediction, and in which format it was made."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from gates.asking import SeenFormats, ask, unit_rows, weight_format
from gates.contracts import Queries
from schemas.errors import PredictionError
from schemas.records.answers import Format
from tests.gates.conftest import Fixed

CONTEXTS = np.random.default_rng(0).standard_normal((6, 5, 4)).astype(np.float32)
ROWS = np.arange(6)


def answer_of(convert: Callable[[torch.Tensor], object]) -> torch.Tensor:
    """What the engine makes of the last chunks, converted by a predictor."""
    return ask(Fixed(lambda queries: convert(queries.contexts[:, -1])), CONTEXTS.copy(), ROWS)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    ("convert", "words"),
    [
        (lambda y: y.to_sparse_csr(), "a tensor of layout sparse_csr"),
        (lambda y: y.to_sparse(), "a tensor of layout sparse_coo"),
        (lambda y: y.to_mkldnn(), "a tensor of layout _mkldnn"),
        (lambda y: torch.nested.nested_tensor(list(y)), "a nested tensor"),
        (lambda y: torch.empty_like(y, device="meta"), "a tensor on the meta device, without numbers"),
        (lambda y: torch.quantize_per_tensor(y, 0.1, 0, torch.qint8), "numbers of type qint8"),
        (lambda y: torch.complex(y, torch.zeros_like(y)), "numbers of type complex64"),
        (lambda y: torch.complex(y, y).conj(), "numbers of type complex64"),
        (lambda y: torch.complex(y, y).to(torch.complex32), "numbers of type complex32"),
        (lambda y: torch.complex(y.double(), y.double()), "numbers of type complex128"),
    ],
)
@pytest.mark.filterwarnings("ignore")  # torch calls some of these kinds experimental
def test_other_kinds_of_tensors_are_refused_by_name(
    convert: Callable[[torch.Tensor], object], words: str
) -> None:
    with pytest.raises(
        PredictionError, match=f"ordinary dense tensor of real numbers; found {words}; convert"
    ):
        answer_of(convert)


@pytest.mark.parametrize("found", [None, (1, 2), {"y": 1}, np.zeros((6, 4))])
def test_what_is_no_tensor_is_refused(found: object) -> None:
    with pytest.raises(PredictionError, match=f"must return one tensor; found {type(found).__name__}$"):
        answer_of(lambda y: found)


@pytest.mark.parametrize(
    "convert",
    [
        lambda y: torch._neg_view(y.neg()),  # the sign is applied when somebody reads it
        lambda y: torch.complex(y, -y).conj().imag,  # likewise
        lambda y: y.t().contiguous().t(),
        lambda y: nn.Parameter(y.clone()),
        lambda y: y.double(),
        lambda y: 1e300 * y.double(),
        lambda y: 1e-300 * y.double(),
        lambda y: 1e-40 * y,
    ],
)
def test_whatever_holds_the_numbers_gives_the_same_rows(
    convert: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    expected = CONTEXTS[:, -1].astype(np.float64)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    rows, not_finite, zero = unit_rows(answer_of(convert))
    np.testing.assert_allclose(rows, expected, atol=1e-5)
    assert not not_finite.any()
    assert not zero.any()


def test_rows_without_a_direction_are_marked() -> None:
    answer = torch.tensor([[0.0, -0.0], [float("nan"), 1.0], [1.0, float("inf")], [3.0, -4.0]])
    rows, not_finite, zero = unit_rows(answer)
    assert zero.tolist() == [True, False, False, False]
    assert not_finite.tolist() == [False, True, True, False]
    assert rows[0].tolist() == [0.0, 0.0]
    assert rows[3].tolist() == pytest.approx([0.6, -0.8])


@pytest.mark.parametrize(
    ("convert", "answered", "exact"),
    [
        (lambda y: y, "float32", "float32"),
        (lambda y: y.double(), "float64", "float32"),
        (lambda y: y.double() / 3, "float64", "float64"),
        (lambda y: y.half(), "float16", "float16"),
        (lambda y: y.half().float(), "float32", "float16"),
        (lambda y: y.bfloat16().double(), "float64", "bfloat16"),
        (lambda y: y.to(torch.float8_e4m3fn), "float8_e4m3fn", "bfloat16"),
        (lambda y: (1000 * y).round().long(), None, "float16"),
        (lambda y: y.sign(), "float32", "bfloat16"),
    ],
)
def test_the_narrowest_format_that_holds_all_answers_is_found(
    convert: Callable[[torch.Tensor], torch.Tensor], answered: Format | None, exact: Format
) -> None:
    seen = SeenFormats()
    seen.see(torch.zeros(1, 4, dtype=convert(torch.ones(1)).dtype))  # held by every format
    seen.see(convert(torch.from_numpy(CONTEXTS[:, -1])))
    assert (seen.answered, seen.exact) == (answered, exact)


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (nn.Linear(2, 2), "float32"),
        (nn.Linear(2, 2).half(), "float16"),
        (nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).bfloat16()), "bfloat16"),
        (nn.Sequential(nn.BatchNorm1d(2).double(), nn.Linear(2, 2)), "float32"),
        (nn.Identity(), None),
    ],
)
def test_weights_are_as_coarse_as_the_coarsest_of_them(module: nn.Module, expected: Format | None) -> None:
    assert weight_format(module) == expected


def test_a_predictor_is_asked_with_what_it_is_given() -> None:
    given = CONTEXTS.copy()

    def answer(queries: Queries) -> torch.Tensor:
        assert queries.contexts.shape == (6, 5, 4)
        assert queries.target_rows.tolist() == ROWS.tolist()
        return queries.contexts[:, -1]

    assert torch.equal(ask(Fixed(answer), given, ROWS), torch.from_numpy(given[:, -1]))
