from pathlib import Path

import numpy as np
import pytest
import torch

from schemas.errors import ModelError, OutputError
from tests.trainers.checkpoints.foreign import Config, Content, Make, load, saved
from tests.trainers.checkpoints.linear import CONTEXT, WIDTH, save
from trainers.checkpoints.checkpoint import read_checkpoint, restore, save_checkpoint
from trainers.contracts import Architecture
from trainers.registry import architecture


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_every_fact_survives(suffix: str, make: Make, config: Config, tmp_path: Path) -> None:
    found = save(tmp_path / f"m{suffix}", make("linear"), config("linear"), epoch=7, val_cosine=0.5, note="x")
    assert (found.model_type, found.horizon, found.context) == ("linear", 2, CONTEXT)
    assert found.model_config == config("linear")
    assert found.facts == {"epoch": 7, "val_cosine": 0.5, "note": "x"}
    assert found.fingerprint is not None
    assert found.fingerprint.shape == (4, WIDTH)


def test_the_keys_of_the_file(make: Make, config: Config, tmp_path: Path) -> None:
    save(tmp_path / "m.pt", make("linear"), config("linear"), epoch=7)
    stored = torch.load(tmp_path / "m.pt", weights_only=True)
    assert set(stored) == {
        "model_type", "model_config", "model_state_dict", "horizon", "context", "fingerprint", "epoch",
    }  # fmt: skip


def test_saving_leaves_the_module_as_it_was(make: Make, config: Config, tmp_path: Path) -> None:
    module = make("transformer").train()
    before = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    parameters = list(module.parameters())
    save_checkpoint(
        tmp_path / "m.pt", model_type="transformer", model_config=config("transformer"), module=module,
        horizon=1, context=CONTEXT, extra={},
    )  # fmt: skip
    assert module.training
    assert all(a is b for a, b in zip(parameters, module.parameters(), strict=True))
    assert all(torch.equal(before[key], tensor) for key, tensor in module.state_dict().items())


def test_a_module_is_saved_as_it_answers_in_evaluation(
    make: Make, config: Config, contexts: torch.Tensor, tmp_path: Path
) -> None:
    module = make("transformer")
    expected = module(contexts)
    module.train()
    save_checkpoint(
        tmp_path / "m.pt", model_type="transformer", model_config=config("transformer"), module=module,
        horizon=1, context=CONTEXT, extra={},
    )  # fmt: skip
    restored = restore(read_checkpoint((tmp_path / "m.pt").read_bytes(), "m.pt"), "m.pt").module
    assert not restored.training
    assert torch.equal(restored(contexts), expected)


def test_a_failed_save_keeps_the_old_file(
    make: Make, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.pt"
    save(path, make("linear"), config("linear"))
    before = path.read_bytes()

    def fail(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OutputError, match="No space left on device"):
        save(path, make("linear"), config("linear"))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["m.pt"]


def test_another_suffix_is_refused(make: Make, config: Config, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"must end in \.pt or \.safetensors; found 'm\.bin'"):
        save(tmp_path / "m.bin", make("linear"), config("linear"))
    assert list(tmp_path.iterdir()) == []


def test_an_old_checkpoint_loads(make: Make, config: Config, contexts: torch.Tensor) -> None:
    module = make("transformer")
    optimizer = torch.optim.AdamW(module.parameters())
    module(contexts).sum().backward()
    optimizer.step()
    old = {
        "epoch": 12,
        "model_type": "transformer",
        "model_state_dict": module.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "val_loss": np.float64(0.001),
        "val_cosine": np.float32(0.47),
        "best": np.bool_(True),
        "steps": np.int64(9),
        "model_config": config("transformer"),
        "args": {"lr": 5e-4, "data": "x.npz", "fast": True, "none": None, "list": [1, (2.0, "a")]},
    }
    checkpoint = read_checkpoint(saved(old), "old.pt")
    assert (checkpoint.horizon, checkpoint.context, checkpoint.fingerprint) == (None, None, None)
    assert checkpoint.facts["val_cosine"] == np.float32(0.47)
    assert torch.equal(restore(checkpoint, "old.pt").module(contexts), module(contexts))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_float_types_become_float32(dtype: torch.dtype, linear_content: Content, make: Make) -> None:
    state = {key: tensor.to(dtype) for key, tensor in make("linear").state_dict().items()}
    weight = load({**linear_content, "model_state_dict": state}).module.state_dict()["projection.weight"]
    assert weight.dtype == torch.float32
    assert torch.equal(weight, state["projection.weight"].float())


@pytest.mark.parametrize("key", ["model_type", "model_config", "model_state_dict"])
def test_a_missing_key_is_named(key: str, linear_content: Content) -> None:
    del linear_content[key]
    with pytest.raises(ModelError, match=f"is no checkpoint: it lacks '{key}'"):
        load(linear_content)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model_type": 3}, "model_type must be a name"),
        ({"model_type": "linaer"}, "unknown architecture 'linaer'; did you mean 'linear'. known: amn, gru"),
        ({"model_config": [1]}, "model_config a mapping"),
        ({"model_config": {"input_dim": WIDTH}}, "needs 'context' in model_config"),
        ({"model_config": {"input_dim": WIDTH, "context": 4}}, r"weight is \(12, 60\), expected \(12, 48\)"),
        ({"model_type": "gru", "model_config": {"input_dim": WIDTH}}, "lacks input_proj.weight; .* more$"),
        ({"model_state_dict": {}}, "must map names to tensors"),
        ({"model_state_dict": [1]}, "must map names to tensors; found list"),
        ({"model_state_dict": {"projection.weight": 1.0}}, "must be a tensor; found float"),
        ({"horizon": 0}, "horizon must be a whole number of at least 1; found 0"),
        ({"horizon": "2"}, "horizon must be a whole number of at least 1; found '2'"),
        ({"context": True}, "context must be a whole number of at least 1; found True"),
    ],
)
def test_bad_contents_end_in_one_line(
    change: dict[str, object], reason: str, linear_content: Content
) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        load({**linear_content, **change})
    assert "\n" not in str(caught.value)


def test_a_configuration_allocates_nothing_before_the_weights_fit(linear_content: Content) -> None:
    # 10^6 x 10^6 float32 would be 4 TB.
    with pytest.raises(ModelError, match="do not fit"):
        load({**linear_content, "model_config": {"input_dim": 10**6, "context": 1}})


def test_the_architecture_of_a_plug_in_is_found(
    make: Make, contexts: torch.Tensor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    linear = architecture("linear")
    own = Architecture("own", "mine", linear.make, {}, linear.dimensions)
    monkeypatch.setattr("trainers.checkpoints.checkpoint.architecture", {"own": own}.__getitem__)
    sizes = {"input_dim": WIDTH, "context": CONTEXT}
    save_checkpoint(
        tmp_path / "m.pt", model_type="own", model_config=sizes, module=make("linear"), horizon=1,
        context=CONTEXT, extra={},
    )  # fmt: skip
    restored = restore(read_checkpoint((tmp_path / "m.pt").read_bytes(), "m.pt"), "m.pt").module
    assert torch.equal(restored(contexts), make("linear")(contexts))
