"""Weights of the real Lightning, the real Transformers and bare torch in modules of the user's own."""

import hashlib
import json
import logging
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import nn

from schemas.errors import ModelError
from schemas.reading.shards import INDEX, SINGLE, shards_digest, weight_files
from schemas.records.model import OwnCode
from tests.gatekeeper.evaluation.loaded import CONTEXT, WIDTH, Module, load, queries

CODE = (
    "class Net(torch.nn.Module):\n"
    "    def __init__(self):\n"
    "        super().__init__()\n"
    f"        self.a, self.b = torch.nn.Linear({CONTEXT * WIDTH}, 8), torch.nn.Linear(8, {WIDTH})\n"
    "    def forward(self, contexts):\n"
    "        return self.b(torch.tanh(self.a(contexts.flatten(1))))\n"
)


class Net(nn.Module):
    """What ``CODE`` says."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(CONTEXT * WIDTH, 8), nn.Linear(8, WIDTH)

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.b(torch.tanh(self.a(contexts.flatten(1))))
        return answer


@pytest.fixture
def net() -> nn.Module:
    torch.manual_seed(1)
    return Net().eval()


@pytest.fixture
def factory(own: Module) -> str:
    return f"{own(CODE)}:Net"


# --- torch -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_bare_state_dict_is_a_model(suffix: str, net: nn.Module, factory: str, tmp_path: Path) -> None:
    path = tmp_path / f"m{suffix}"
    if suffix == ".pt":
        torch.save(net.state_dict(), path)
    else:
        safetensors.torch.save_file(net.state_dict(), path)
    model = load(path, factory=factory)
    assert torch.equal(model.predictor.predict(queries()), net(queries().contexts))
    info, source = model.info, tmp_path / f"{factory.partition(':')[0]}.py"
    assert (info.spec, info.kind, info.architecture, info.format) == (
        path.name,
        "weights",
        factory,
        suffix[1:],
    )
    assert info.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert info.code == OwnCode(factory, source.name, hashlib.sha256(source.read_bytes()).hexdigest())
    assert (info.prefix, info.state_key, info.fingerprint, model.notes) == (None, None, "not applicable", ())
    assert info.parameters == sum(each.numel() for each in net.parameters())


def test_what_was_chosen_for_the_user_is_told(net: nn.Module, factory: str, tmp_path: Path) -> None:
    state = {f"module.{key}": each for key, each in net.state_dict().items()}
    torch.save({"model": state, "epoch": 3}, tmp_path / "m.pt")
    model = load(tmp_path / "m.pt", factory=factory)
    assert (model.info.prefix, model.info.state_key) == ("module.", "model")
    assert model.notes == (
        "the weights of m.pt are those under 'model'",
        "all weights of m.pt begin with 'module.', which a wrapper put there; they are read without it",
    )
    assert load(tmp_path / "m.pt", factory=factory, state_key="model").notes == model.notes[1:]


def test_what_is_left_out_is_told(net: nn.Module, factory: str, tmp_path: Path) -> None:
    state = {f"net.{key}": each for key, each in net.state_dict().items()}
    torch.save({**state, **{f"loss.{each}": torch.ones(1) for each in "abcd"}}, tmp_path / "m.pt")
    assert load(tmp_path / "m.pt", factory=factory, strip_prefix="net").notes == (
        "4 weight(s) of m.pt do not begin with 'net.' and are left out: loss.a, loss.b, loss.c, ...",
    )


def test_a_file_without_an_architecture_leads_to_the_factory(net: nn.Module, tmp_path: Path) -> None:
    torch.save({"state_dict": net.state_dict()}, tmp_path / "m.ckpt")
    with pytest.raises(ModelError, match="Its weights can be evaluated with --factory module:function"):
        load(tmp_path / "m.ckpt")


@pytest.mark.parametrize("name", [SINGLE, INDEX])
def test_a_folder_without_code_leads_to_the_factory(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    with pytest.raises(ModelError, match=r"holds weights \(model.*\) and no code of the network; name what"):
        load(tmp_path)


def test_a_file_that_is_not_there_is_told(factory: str) -> None:
    with pytest.raises(ModelError, match=r"no such file of weights 'gone\.pt'; --factory makes the module"):
        load("gone.pt", factory=factory)


def test_a_function_is_a_factory_too(net: nn.Module, tmp_path: Path) -> None:
    torch.save(net.state_dict(), tmp_path / "m.pt")
    model = load(tmp_path / "m.pt", factory=Net)
    assert torch.equal(model.predictor.predict(queries()), net(queries().contexts))
    assert model.info.code == OwnCode(
        f"{__name__}:Net", Path(__file__).name, hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ValueError('two\\nlines')", "cannot be loaded: ValueError: two$"),
        ("sys.exit(0)", "cannot be loaded: SystemExit: 0$"),
        ("return 3", "must be or return a torch.nn.Module; found int$"),
        (
            "return torch.nn.Linear(3, 3)",
            "fit .*: lacks weight; lacks bias; has unexpected a.weight and 3 more$",
        ),
        (
            "m = Net(); m.a = torch.nn.Linear(24, 9); return m",
            r"fit .*: a.weight is \(8, 24\), expected \(9, 24\); a.bias is \(8,\), expected \(9,\)$",
        ),
        (
            "m = Net(); m.load_state_dict = lambda *a, **b: sys.exit(0); return m",
            "cannot be loaded: SystemExit: 0$",
        ),
        ("m = Net(); m.state_dict = lambda: 1 / 0; return m", "cannot be loaded: ZeroDivisionError: "),
        ("m = Net(); m.eval = lambda: sys.exit(0); return m", "cannot be loaded: SystemExit: 0$"),
    ],
)
def test_factories_that_make_no_module_for_the_weights(
    body: str, message: str, net: nn.Module, own: Module, tmp_path: Path
) -> None:
    torch.save(net.state_dict(), tmp_path / "m.pt")
    name = own(f"{CODE}def make():\n    {body}\n")
    with pytest.raises(ModelError, match=message) as caught:
        load(tmp_path / "m.pt", factory=f"{name}:make")
    assert "\n" not in str(caught.value)


def test_no_code_of_the_user_runs_for_a_file_that_is_refused(own: Module, tmp_path: Path) -> None:
    name = own("raise BaseException('it ran')\n")
    (tmp_path / "m.pt").write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelError, match="damaged or truncated zip archive"):
        load(tmp_path / "m.pt", factory=f"{name}:make")


# --- Lightning ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lightning_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, nn.Module]:
    """After an epoch, with hyper-parameters, optimiser, scheduler and a callback's state."""
    L = pytest.importorskip("lightning.pytorch")  # noqa: N806

    class Lit(L.LightningModule):  # type: ignore[misc,name-defined]  # the package is untyped
        def __init__(self, rate: float = 0.01, name: str = "net") -> None:
            super().__init__()
            self.save_hyperparameters()
            self.model = Net()

        def training_step(self, batch: list[torch.Tensor], index: int) -> torch.Tensor:
            loss = nn.functional.mse_loss(self.model(batch[0]), batch[1])
            self.log("loss", loss)
            return loss

        def configure_optimizers(self) -> dict[str, object]:
            optimiser = torch.optim.AdamW(self.parameters(), lr=self.hparams.rate)
            return {"optimizer": optimiser, "lr_scheduler": torch.optim.lr_scheduler.StepLR(optimiser, 1)}

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    folder = tmp_path_factory.mktemp("lightning")
    torch.manual_seed(0)
    data = torch.utils.data.TensorDataset(torch.randn(8, CONTEXT, WIDTH), torch.randn(8, WIDTH))
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kept = L.callbacks.ModelCheckpoint(monitor="loss", dirpath=folder)
        trainer = L.Trainer(max_epochs=1, accelerator="cpu", callbacks=[kept], **quiet)
        module = Lit()
        trainer.fit(module, torch.utils.data.DataLoader(data, batch_size=4))
    (path,) = folder.glob("*.ckpt")
    return path.rename(folder / "last.ckpt"), module.model.eval()


def test_a_checkpoint_of_lightning_is_a_model(
    lightning_checkpoint: tuple[Path, nn.Module], factory: str
) -> None:
    path, trained = lightning_checkpoint
    model = load(path, factory=factory)
    assert torch.equal(model.predictor.predict(queries()), trained(queries().contexts))
    assert (model.info.state_key, model.info.prefix, model.info.format) == ("state_dict", "model.", "pt")


# --- Transformers ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """``one`` holds a file, ``parts`` two shards, of the same model."""
    transformers = pytest.importorskip("transformers")

    class Config(transformers.PretrainedConfig):  # type: ignore[misc,name-defined]  # as above
        model_type = "next_vector"

    class Model(transformers.PreTrainedModel):  # type: ignore[misc,name-defined]
        config_class = Config

        def __init__(self, config: Config) -> None:
            super().__init__(config)
            self.a, self.b = nn.Linear(CONTEXT * WIDTH, 8), nn.Linear(8, WIDTH)
            self.post_init()

        def forward(self, contexts: torch.Tensor) -> torch.Tensor:
            answer: torch.Tensor = self.b(torch.tanh(self.a(contexts.flatten(1))))
            return answer

    folder = tmp_path_factory.mktemp("pretrained")
    torch.manual_seed(0)
    model = Model(Config()).eval()
    transformers.utils.logging.disable_progress_bar()
    model.save_pretrained(folder / "one")
    model.save_pretrained(folder / "parts", max_shard_size="1KB")
    assert len(weight_files(folder / "parts")) > 2
    return folder, model


@pytest.mark.parametrize("name", ["one", f"one/{SINGLE}", "parts", f"parts/{INDEX}"])
def test_a_folder_of_transformers_is_a_model(name: str, pretrained: tuple[Path, Any], factory: str) -> None:
    folder, trained = pretrained
    path = folder / name
    model = load(path, factory=factory)
    with torch.inference_mode():
        assert torch.equal(model.predictor.predict(queries()), trained(queries().contexts))
    digests = {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in weight_files(path)}
    parts = "parts" in name
    assert model.info.sha256 == (shards_digest(digests) if parts else digests[SINGLE])
    assert (model.info.spec, model.info.format) == (path.name, "sharded" if parts else "safetensors")


def test_a_folder_is_called_by_its_name(
    pretrained: tuple[Path, Any], factory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, _, attribute = factory.partition(":")
    shutil.copytree(pretrained[0] / "one", tmp_path / "mine")
    shutil.copy(tmp_path / f"{name}.py", tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")
    assert load(".", factory=f"{name}:{attribute}").info.spec == "mine"


def repointed(folder: Path, shard: str) -> None:
    index = json.loads((folder / INDEX).read_text())
    index["weight_map"]["a.bias"] = shard
    (folder / INDEX).write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda folder: repointed(folder, "../secret.safetensors"),
            "a shard must be a plain name that ends in",
        ),
        (lambda folder: repointed(folder, "gone.safetensors"), "cannot read the weights .*gone"),
        (lambda folder: next(folder.glob("model-*")).write_bytes(b""), "found an empty file"),
        (
            lambda folder: (folder / SINGLE).touch(),
            "holds model.safetensors and model.safetensors.index.json",
        ),
        (
            lambda folder: (folder / INDEX).rename(folder / "x"),
            "must hold model.safetensors or model.safetens",
        ),
        (lambda folder: (folder / INDEX).write_text("{"), "must be an index of shards: not JSON"),
    ],
)
def test_folders_that_are_not_whole_are_refused(
    change: Callable[[Path], None], message: str, pretrained: tuple[Path, Any], factory: str, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(pretrained[0] / "parts", folder)
    change(folder)
    with pytest.raises(ModelError, match=message) as caught:
        load(folder, factory=factory)
    assert "\n" not in str(caught.value)


def test_the_weights_of_a_folder_are_no_link(
    pretrained: tuple[Path, Any], factory: str, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / SINGLE).symlink_to(pretrained[0] / "one" / SINGLE)
    with pytest.raises(ModelError, match=r"is a symbolic link, which may lead anywhere; copy the folder"):
        load(tmp_path / "model", factory=factory)
    assert load(tmp_path / "model" / SINGLE, factory=factory).info.kind == "weights"  # named by the user
