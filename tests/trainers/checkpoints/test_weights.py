import pytest
import torch

from schemas.errors import ModelError
from trainers.checkpoints.safetensors_file import pack, unpack
from trainers.checkpoints.weights import MOST_TENSORS, check_fit, checked_state


def test_plain_weights_pass_unchanged() -> None:
    state = {"a": torch.randn(3, 2), "count": torch.tensor(4)}
    checked = checked_state(state, "m.pt")
    assert checked.keys() == state.keys()
    assert all(torch.equal(checked[key], state[key]) for key in state)


def test_a_transposed_weight_is_no_repeated_view() -> None:
    assert checked_state({"a": torch.randn(3, 2).T}, "m.pt")["a"].shape == (2, 3)


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        (torch.full((12,), torch.nan), "12 weight.s. of a are NaN or infinite"),
        (torch.tensor([1.0, -torch.inf]), "1 weight.s. of a are NaN or infinite"),
        (torch.full((12,), 1e300, dtype=torch.float64), "12 weight.s. of a are NaN or infinite"),
        (torch.zeros(12, dtype=torch.complex64), "a must be a dense real tensor; found .* torch.complex64"),
        (torch.zeros(12).to_sparse(), "a must be a dense real tensor; found torch.sparse_coo"),
        (torch.zeros(12, device="meta"), "a must be a dense real tensor; found .* on meta"),
        # A view can claim more than any memory holds; it must be refused before it is looked at.
        (torch.zeros(1).expand(10**13), r"a of shape \(10000000000000,\) is larger than its data"),
        (1.0, r"model_state_dict\['a'\] must be a tensor; found float"),
    ],
)
def test_weights_that_are_none(tensor: object, reason: str) -> None:
    with pytest.raises(ModelError, match=f"^m.pt: {reason}") as caught:
        checked_state({"a": tensor}, "m.pt")
    assert "\n" not in str(caught.value)


def test_missing_unexpected_and_misshapen_weights_in_one_line() -> None:
    found = {"a": torch.zeros(2, 3), "c": torch.zeros(1)}
    expected = {"a": torch.zeros(4, 3, device="meta"), "b": torch.zeros(1, device="meta")}
    with pytest.raises(ModelError) as caught:
        check_fit(found, expected, model_type="gru", name="m.pt")
    assert str(caught.value) == (
        "m.pt: its weights do not fit architecture 'gru': lacks b; has unexpected c; "
        "a is (2, 3), expected (4, 3)"
    )


def test_only_the_first_three_differences_are_shown() -> None:
    with pytest.raises(ModelError, match=r"lacks w0; lacks w1; lacks w2 and 2 more$"):
        check_fit({}, {f"w{i}": torch.zeros(1) for i in range(5)}, model_type="gru", name="m.pt")


def test_whole_numbers_are_no_weights_and_weights_no_counters() -> None:
    whole, real = {"a": torch.zeros(2, dtype=torch.int64)}, {"a": torch.zeros(2)}
    with pytest.raises(ModelError, match=r"a holds torch.int64, expected torch.float32"):
        check_fit(whole, real, model_type="gru", name="m.pt")
    with pytest.raises(ModelError, match=r"a holds torch.float32, expected torch.int64"):
        check_fit(real, whole, model_type="gru", name="m.pt")
    check_fit(whole, whole, model_type="gru", name="m.pt")


def test_more_tensors_than_any_model_has_are_refused_in_either_format() -> None:
    state = {f"w{number}": torch.zeros(1) for number in range(MOST_TENSORS + 1)}
    message = r"^m names 20,001 tensors, at most 20,000 are read$"
    with pytest.raises(ModelError, match=message):
        checked_state(state, "m")
    with pytest.raises(ModelError, match=message):
        unpack(pack(state, {"model_type": "gru", "model_config": {}}, "m"), "m")
    del state["w0"]
    assert len(checked_state(state, "m")) == MOST_TENSORS
