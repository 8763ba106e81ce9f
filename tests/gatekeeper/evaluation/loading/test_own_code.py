"""Classes, functions and modules of the user's own as models, and in which line they are refused."""

from pathlib import Path

import pytest
import torch

from gatekeeper.config.window import SILENT
from schemas.errors import ModelError, PredictionError
from tests.gatekeeper.evaluation.loaded import Module, load, queries
from trainers.predictor import ModulePredictor

LAST = "class Last(torch.nn.Module):\n    def forward(self, contexts):\n        return contexts[:, -1]\n"


@pytest.mark.parametrize("attribute", ["Last", "make", "module", "Holder.make"])
def test_a_class_a_function_and_a_module_are_models(attribute: str, own: Module) -> None:
    name = own(
        LAST + "def make():\n    return Last()\nmodule = Last()\n"
        "class Holder:\n    @staticmethod\n    def make():\n        return Last()\n"
    )
    model = load(f"{name}:{attribute}")
    assert model.info.spec == model.info.architecture == f"{name}:{attribute}"
    assert (model.info.kind, model.info.sha256) == ("factory", None)
    assert model.trained == SILENT
    assert torch.equal(model.predictor.predict(queries()), queries().contexts[:, -1])


def test_own_modules_are_evaluated(own: Module) -> None:
    name = own("module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Dropout(0.5)).train()\n")
    predictor = load(f"{name}:module").predictor
    assert isinstance(predictor, ModulePredictor)
    assert not predictor.module.training


def test_an_existing_path_wins(own: Module, checkpoint: Path) -> None:
    name = own(LAST)
    named = checkpoint.with_name(f"{name}:Last")
    checkpoint.rename(named)
    assert load(named.name).info.kind == "checkpoint"


@pytest.mark.parametrize(
    ("text", "attribute", "reason"),
    [
        (LAST, "Lost", "cannot be loaded: AttributeError: "),
        ("def make():\n    return 3\n", "make", "must be or return a torch.nn.Module; found int"),
        ("value = 3\n", "value", "must be or return a torch.nn.Module; found int"),
        ("def make(size):\n    return size\n", "make", "cannot be loaded: TypeError: "),
        ("raise RuntimeError('two\\nlines')\n", "make", "cannot be loaded: RuntimeError: two$"),
        ("def broken(:\n", "make", "cannot be loaded: SyntaxError: "),
        # An exit code of 0 would tell a pipeline that the model may be deployed.
        ("sys.exit(0)\n", "make", "cannot be loaded: SystemExit: 0"),
        ("def make():\n    sys.exit(0)\n", "make", "cannot be loaded: SystemExit: 0"),
        ("raise BaseException('odd')\n", "make", "cannot be loaded: BaseException: odd"),
    ],
)
def test_own_code_that_gives_no_model(text: str, attribute: str, reason: str, own: Module) -> None:
    name = own(text)
    with pytest.raises(ModelError, match=rf"^{name}:{attribute} {reason}") as caught:
        load(f"{name}:{attribute}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("eval(self):\n        raise RuntimeError('no\\nmode')", "cannot be loaded: RuntimeError: no$"),
        ("eval(self):\n        sys.exit(0)", "cannot be loaded: SystemExit: 0$"),
        (
            "to(self, *where):\n        raise RuntimeError('no device')",
            "cannot be loaded: RuntimeError: no dev",
        ),
    ],
)
def test_own_modules_that_cannot_be_prepared(body: str, reason: str, own: Module) -> None:
    name = own(f"class Odd(torch.nn.Module):\n    def {body}\n")
    with pytest.raises(ModelError, match=rf"^{name}:Odd {reason}") as caught:
        load(f"{name}:Odd")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("method", ["eval(self)", "to(self, *where)"])
def test_own_modules_may_return_nothing_when_they_are_prepared(method: str, own: Module) -> None:
    name = own(LAST + f"    def {method}:\n        pass\n")
    answer = load(f"{name}:Last").predictor.predict(queries())
    assert torch.equal(answer, queries().contexts[:, -1])


def test_own_modules_that_do_not_know_their_size_yet(own: Module) -> None:
    name = own("def make():\n    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(6))\n")
    with pytest.raises(ModelError, match="cannot be loaded: ValueError: Attempted to use an uninitialized"):
        load(f"{name}:make")


def test_a_module_that_does_not_exist() -> None:
    with pytest.raises(ModelError, match="cannot be loaded: ModuleNotFoundError: No module named 'no_such"):
        load("no_such_module_here:Model")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise ValueError('first\\nsecond')", r"cannot read contexts of shape \(3, 4, 6\): first$"),
        ("sys.exit(0)", r"cannot read contexts of shape \(3, 4, 6\): 0$"),
        ("raise BaseException('odd')", r"cannot read contexts of shape \(3, 4, 6\): odd$"),
        ("return [contexts]", r"must return one tensor; found list of 0 \(3, 4, 6\); .* pass output=0$"),
        ("return None", "must return one tensor; found NoneType$"),
    ],
)
def test_own_code_that_gives_no_prediction(body: str, reason: str, own: Module) -> None:
    name = own(f"class Odd(torch.nn.Module):\n    def forward(self, contexts):\n        {body}\n")
    model = load(f"{name}:Odd")
    with pytest.raises(PredictionError, match=reason):
        model.predictor.predict(queries())
