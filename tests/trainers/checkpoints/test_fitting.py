"""Weights in a module of somebody's own: every name and every shape, or a line that leads on."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from schemas.errors import ModelError
from tests.trainers.checkpoints.foreign import saved
from trainers.checkpoints.fitting import Fitted, load_into
from trainers.checkpoints.state_dicts import read_state

Weights = dict[str, torch.Tensor]


class Tied(nn.Module):
    """A decoder that shares its weight with the encoder, as language models do."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)
        self.decoder.weight = self.encoder.weight


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))


def weights(module: nn.Module) -> Weights:
    generator = torch.Generator().manual_seed(0)
    return {
        key: torch.rand(each.shape, generator=generator, dtype=each.dtype)
        if each.is_floating_point()
        else each + 1
        for key, each in module.state_dict().items()
    }


def behind(prefix: str, state: Weights) -> Weights:
    return {prefix + key: each for key, each in state.items()}


def fit(content: object, module: nn.Module, strip: str | None = None, key: str | None = None) -> Fitted:
    return load_into(module, read_state(saved(content), "m.pt", key), strip, name="m.pt", maker="my:make")


def refusal(content: object, module: nn.Module, strip: str | None = None, key: str | None = None) -> str:
    with pytest.raises(ModelError) as caught:
        fit(content, module, strip, key)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def holds(module: nn.Module, state: Weights) -> bool:
    own = module.state_dict()
    return own.keys() == state.keys() and all(torch.equal(own[key], state[key]) for key in own)


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "model.", "module._orig_mod.", "my.net."])
@pytest.mark.parametrize("key", [None, "state_dict"])
def test_what_wrappers_add_is_taken_away_where_the_rest_fits(prefix: str, key: str | None) -> None:
    module, state = net(), weights(net())
    content: object = behind(prefix, state)
    assert fit({key: content, "epoch": 3} if key else content, module) == Fitted(prefix, ())
    assert holds(module, state)


@pytest.mark.parametrize("strip", ["model", "model."])
def test_a_prefix_that_is_asked_for_leaves_the_rest_out(strip: str) -> None:
    module, state = net(), weights(net())
    content = {"loss.weight": torch.ones(2), **behind("model.", state), "n": torch.tensor(1)}
    assert fit(content, module, strip) == Fitted("model.", ("loss.weight", "n"))
    assert holds(module, state)


@pytest.mark.parametrize(
    ("content", "strip", "told"),
    [
        # each with the advice that leads on
        (
            lambda s: {"loss.weight": torch.ones(2), **behind("model.", s)},
            None,
            "has unexpected loss.weight and 16 more; those below 'model.' fit: add --strip-prefix model.",
        ),
        (lambda s: behind("model.", s), "", "and 15 more; leave --strip-prefix out"),
        (lambda s: behind("model.", s), "module", "no weight begins with 'module.', e.g. 'model.0.weight'"),
        (lambda s: s, "0.", "leave --strip-prefix out"),
        (lambda s: {**s, "extra": torch.ones(1)}, None, "do not fit my:make: has unexpected extra"),
        (
            lambda s: {key: each for key, each in s.items() if key != "2.bias"},
            None,
            "fit my:make: lacks 2.bias",
        ),
        (lambda s: {**s, "2.bias": torch.ones(5)}, None, "do not fit my:make: 2.bias is (5,), expected (2,)"),
        (
            lambda s: {**s, "2.bias": torch.ones(2, dtype=torch.int64)},
            None,
            "2.bias holds torch.int64, expected",
        ),
    ],
)
def test_what_does_not_fit_is_told_in_one_line(
    content: Callable[[Weights], Weights], strip: str | None, told: str
) -> None:
    module = net()
    before = {key: each.clone() for key, each in module.state_dict().items()}
    assert told in refusal(content(weights(module)), module, strip)
    assert holds(module, before)


def test_another_key_that_fits_is_named() -> None:
    content = {"teacher": weights(nn.Linear(9, 9)), "student": behind("module.", weights(net()))}
    told = refusal(content, net(), key="teacher")
    assert told.endswith("; those under 'student' fit: add --state-key student")


def test_a_part_that_fits_is_named() -> None:
    whole = nn.ModuleDict({"net": net(), "head": nn.Linear(2, 2)})
    assert refusal(weights(net()), whole).endswith("; they fit its part 'net': let it return that part")


# --- tied weights ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names", [("encoder.weight",), ("decoder.weight",), ("encoder.weight", "decoder.weight")]
)
@pytest.mark.parametrize("prefix", ["", "model."])
def test_one_weight_of_two_names_may_be_one_in_the_file(names: tuple[str, ...], prefix: str) -> None:
    module, weight = Tied(), torch.rand(3, 3)
    assert fit(behind(prefix, dict.fromkeys(names, weight)), module) == Fitted(prefix, ())
    assert torch.equal(module.encoder.weight, weight)
    assert module.decoder.weight is module.encoder.weight


def test_one_weight_of_two_names_is_not_two_in_the_file() -> None:
    content = {"encoder.weight": torch.zeros(3, 3), "decoder.weight": torch.ones(3, 3)}
    assert "encoder.weight and decoder.weight are one weight in the module and differ" in refusal(
        content, Tied()
    )


def test_a_weight_of_two_names_must_have_one_of_them_in_the_file() -> None:
    assert "lacks encoder.weight; lacks decoder.weight; has unexpected a" in refusal(
        {"a": torch.ones(1)}, Tied()
    )


# --- precision ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_weights_keep_the_precision_that_file_and_module_have(dtype: torch.dtype) -> None:
    module = nn.Linear(3, 3).to(dtype)
    state = {key: each.to(dtype) for key, each in weights(nn.Linear(3, 3).double()).items()}
    fit(state, module)
    assert holds(module, state)


def test_numbers_that_the_module_cannot_hold_are_refused() -> None:
    told = refusal({"weight": torch.full((1, 1), 1e300, dtype=torch.float64)}, nn.Linear(1, 1, bias=False))
    assert told == "m.pt: weight holds numbers that torch.float32, in which my:make keeps it, does not reach"


# --- modules that can hold none ----------------------------------------------------------------------


class Extra(nn.Linear):
    def get_extra_state(self) -> object:
        return "text"


@pytest.mark.parametrize(
    ("module", "told"),
    [
        (
            lambda: nn.LazyLinear(3),
            "my:make has lazy layers whose weights have no shape yet; call the module",
        ),
        (
            lambda: nn.Linear(3, 3, device="meta"),
            "my:make made 'weight' on the meta device, without memory; make",
        ),
        (nn.Flatten, "my:make has no weights, so that the file has nothing to say of it; evaluate it alone"),
        (
            lambda: Extra(3, 3),
            "my:make keeps '_extra_state', which is no tensor, with its weights; a file holds",
        ),
    ],
)
def test_modules_that_take_no_weights_are_told(module: Callable[[], nn.Module], told: str) -> None:
    assert told in refusal(weights(nn.Linear(3, 3)), module())
