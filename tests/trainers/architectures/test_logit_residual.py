"""The linear part around a network: against the control and plain loops, and what is refused of it."""

import functools

import numpy as np
import pytest
import torch
from torch import nn

from gates.contracts import Dataset, Queries
from gates.controls import make_controls
from gates.windows import context_rows
from schemas.errors import ModelError
from trainers.architectures.logit_residual import ARCHITECTURE, LogitResidual, Reading
from trainers.recipes.linear_part import LinearPart

L, D = 3, 4


@functools.cache
def reading() -> Reading:
    rng = np.random.default_rng(0)
    drawn = [rng.standard_normal(shape) for shape in ((D,), (L * D, D), (D,), (D, D))]
    drawn[3] = drawn[3] @ drawn[3].T
    return Reading(*(torch.from_numpy(each).float() for each in drawn))


def contexts() -> torch.Tensor:
    rng = np.random.default_rng(1)
    return nn.functional.normalize(torch.from_numpy(rng.standard_normal((5, L, D))).float(), dim=-1)


def fitted(numbers: torch.Tensor, members: int = 1) -> LogitResidual:
    torch.manual_seed(0)
    config = ARCHITECTURE.sized_config(dimension=D, context=L, sizes={"dropout": 0.0}, members=members)
    module = ARCHITECTURE.build(config).eval()
    assert isinstance(module, LogitResidual)
    module.begin_with(numbers, reading())
    return module


def test_the_features_one_at_a_time() -> None:
    found = reading().features(contexts())
    assert found.shape == (5, 2 * L + 2, D)
    centre, weight, bias, whitener = (each.double().numpy() for each in vars(reading()).values())
    for window, features in zip(contexts().double().numpy(), found.numpy(), strict=True):
        ridge = window.reshape(-1) @ weight + bias - centre
        naive = [window[j] - centre for j in range(L)]
        naive += [whitener @ each for each in naive]
        naive += [ridge, whitener @ ridge]
        np.testing.assert_allclose(features, np.array(naive), rtol=1e-4, atol=1e-5)


def test_it_adds_alpha_times_what_the_network_makes_of_scaled_rows() -> None:
    numbers = torch.arange(1.0, 2 * L + 3)
    module = fitted(numbers)
    with torch.no_grad():
        linear = (module.numbers[:, None] * reading().features(contexts())).sum(dim=1)
        torch.testing.assert_close(module(contexts()), nn.functional.normalize(linear, dim=-1))
        module.alpha.fill_(0.5)
        added = module.networks[0]((contexts() - reading().centre) * 2.0)  # 2 is the root of D
        torch.testing.assert_close(module(contexts()), nn.functional.normalize(linear + 0.5 * added, dim=-1))
        module.shared.fill_(2.0)
        answer = linear + 0.5 * added + 2.0 * reading().centre
        torch.testing.assert_close(module(contexts()), nn.functional.normalize(answer, dim=-1))
    torch.testing.assert_close(module.numbers.detach(), numbers / numbers.norm())


def test_several_networks_answer_by_their_mean_and_learn_from_a_share_each() -> None:
    module = fitted(torch.ones(2 * L + 2), members=2)
    with torch.no_grad():
        module.alpha.fill_(1.0)
        linear = (module.numbers[:, None] * reading().features(contexts())).sum(dim=1)
        one, two = (network((contexts() - reading().centre) * 2.0) for network in module.networks)
        unit = nn.functional.normalize
        torch.testing.assert_close(module(contexts()), unit(linear + (one + two) / 2, dim=-1))
        own = torch.stack([one[0], two[1], one[2], two[3], one[4]])
        torch.testing.assert_close(module.train()(contexts()), unit(linear + own, dim=-1))
        # A batch that has no window for each is answered by all.
        alone = unit((linear + (one + two) / 2)[:1], dim=-1)
        torch.testing.assert_close(module(contexts()[:1]), alone)


def test_features_may_come_from_elsewhere() -> None:
    module, numbers = fitted(torch.ones(2 * L + 2)), torch.ones(2 * L + 2)
    features = torch.ones(5, 2 * L + 2, D)
    expected = torch.full((5, D), 0.5)  # all ones, of unit length
    torch.testing.assert_close(module(contexts(), features).detach(), expected)
    assert not torch.allclose(module(contexts()).detach(), expected)
    assert torch.equal(numbers, torch.ones(2 * L + 2))


def test_unfitted_it_copies_the_last_chunk() -> None:
    module = ARCHITECTURE.build(ARCHITECTURE.default_config(dimension=D, context=L)).eval()
    torch.testing.assert_close(module(contexts()).detach(), contexts()[:, -1])


def test_filled_it_answers_as_the_control_does(world_data: "functools.partial[Dataset]") -> None:
    dataset = world_data(2)
    linear = LinearPart.of(dataset, seed=0)
    module = ARCHITECTURE.build(ARCHITECTURE.default_config(dimension=16, context=5)).eval()
    linear.fill(module)
    controls, _ = make_controls(dataset, ("val", "ood"), seed=0)
    rows = dataset.splits["val"].last_rows
    windows = torch.from_numpy(dataset.bank.vectors[context_rows(rows, 5)])
    theirs = controls["logit"].predict(Queries(windows, rows + 2))
    torch.testing.assert_close(
        module(windows).detach(), nn.functional.normalize(theirs, dim=-1), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"network": "logit_residual"}, "logit_residual cannot be the network of logit_residual"),
        ({"network": "mlp"}, "unknown architecture 'mlp'"),
        ({"network": 3}, "needs 'network', the name of an architecture, and 'network_config'"),
        ({"members": 65}, "at most 64 members; found 65"),
        ({"network_config": None}, "needs 'network', the name of an architecture, and 'network_config'"),
        ({"network_config": {"input_dim": D, "depth": 2}}, "'transformer' has no setting 'depth'"),
    ],
)
def test_what_is_no_network_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        ARCHITECTURE.build(ARCHITECTURE.default_config(dimension=D, context=L) | changes)


@pytest.mark.parametrize("name", ["amn", "gru", "linear", "lstm"])
def test_the_network_may_be_of_any_architecture(name: str) -> None:
    config = ARCHITECTURE.sized_config(dimension=D, context=L, sizes={}, network=name)
    module = ARCHITECTURE.build(config).eval()
    assert isinstance(module, LogitResidual)
    with torch.no_grad():
        module.alpha.fill_(1.0)
        assert not torch.allclose(module(contexts()), contexts()[:, -1])
