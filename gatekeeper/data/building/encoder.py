"""Sentence encoders: found before anything is read, loaded when needed, told apart by their weights."""

import contextlib
import hashlib
import importlib.util
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from gatekeeper import DISTRIBUTION
from schemas.errors import DataError, UsageError
from schemas.reasons import without_advice

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?", flags=re.ASCII)
_MODEL_FILES = ("modules.json", "config.json")
_PATIENCE = 8.0
"""Seconds that the hub has to answer."""

_BLOCK = 2**24  # entries of a tensor that are hashed at a time


class Encoder(Protocol):
    """What is used of a sentence encoder."""

    def encode(self, sentences: Sequence[str], **options: Any) -> npt.NDArray[np.float32]:  # noqa: ANN401
        """Vectors (n, D) of n texts."""
        ...


@dataclass(frozen=True, eq=False)
class LoadedEncoder:
    """An encoder and the digest of everything its vectors depend on."""

    model: Encoder
    digest: str


def find_encoder(name: str) -> None:
    """Refuse an encoder that cannot be loaded, within seconds and without loading it.

    Raises:
        UsageError: the package that loads encoders is not installed.
        DataError: it is neither a folder with a model nor on the hub, or the hub cannot be asked.
    """
    if importlib.util.find_spec("sentence_transformers") is None:
        raise UsageError(f"embedding texts needs sentence-transformers; pip install '{DISTRIBUTION}[embed]'")
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not any((folder / each).is_file() for each in _MODEL_FILES):
            raise DataError(f"the encoder {name} is no model: expected {' or '.join(_MODEL_FILES)} in it")
    elif folder.exists() or not _HUB_NAME.fullmatch(name) or name.startswith("."):
        what = "a file" if folder.exists() else "nothing"
        raise DataError(f"the encoder {name}: expected a folder that holds a model, found {what} there")
    elif not _cached(name):
        _ask_hub(name)


def load_encoder(name: str, device: str, *, bars: bool) -> LoadedEncoder:
    """A sentence-transformers model that :func:`find_encoder` found.

    What is on this machine is used as it is, without asking the hub for something newer.

    Args:
        name: a folder, or a name on the hub.
        device: where it embeds.
        bars: whether the libraries may show progress of their own on stderr.

    Raises:
        DataError: the model cannot be loaded.
    """
    try:
        from sentence_transformers import SentenceTransformer

        if not bars:
            _hide_bars()
        folder = Path(name).expanduser()
        place, local = (str(folder), True) if folder.is_dir() else (name, _cached(name))
        with contextlib.redirect_stdout(io.StringIO()):
            model = SentenceTransformer(place, device=device, local_files_only=local)
    except Exception as error:  # noqa: BLE001  (the library raises whatever its dependencies do)
        why = " ".join(without_advice(str(error)).split())[:200] or type(error).__name__
        raise DataError(
            f"cannot load the encoder {name!r}: {why}; name a folder that holds it, or check the connection"
        ) from None
    return LoadedEncoder(cast(Encoder, model), _digest(model))


def _cached(name: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return any(
        isinstance(try_to_load_from_cache(repository, file), str)
        for repository in _repositories(name)
        for file in _MODEL_FILES
    )


def _repositories(name: str) -> tuple[str, ...]:
    """Where the hub may have it; a name without an owner may be one of sentence-transformers."""
    return (name,) if "/" in name else (name, f"sentence-transformers/{name}")


def _ask_hub(name: str) -> None:
    from huggingface_hub import HfApi, constants

    instead = "name a folder that holds it, or one that was downloaded before"
    if constants.HF_HUB_OFFLINE:
        raise DataError(
            f"the encoder {name!r} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it; {instead}"
        )
    why = ""
    for repository in _repositories(name):
        try:
            HfApi().model_info(repository, timeout=_PATIENCE)
        except Exception as error:  # noqa: BLE001  (whatever its transport raises)
            why = why or " ".join(without_advice(str(error)).split())[:200] or type(error).__name__
        else:
            return
    raise DataError(
        f"the encoder {name!r} is neither a folder nor on this machine, and the hub does not have it or "
        f"cannot be reached ({why}); {instead}"
    )


def _hide_bars() -> None:
    from huggingface_hub.utils.tqdm import disable_progress_bars
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bars()
    disable_progress_bar()


def _digest(model: "SentenceTransformer") -> str:
    """SHA-256 of weights, configuration, tokenizer and what else decides a vector; not of where it lies."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        for part in tensor.detach().contiguous().reshape(-1).split(_BLOCK):
            digest.update(part.cpu().view(torch.uint8).numpy().data)
    digest.update(str(model).encode())
    for module in model.modules():
        config: Any = getattr(module, "config", None)
        if hasattr(config, "to_dict"):
            settings = {key: value for key, value in config.to_dict().items() if not key.startswith("_")}
            settings.pop("transformers_version", None)
            digest.update(json.dumps(settings, sort_keys=True, default=str).encode())
    tokenizer: Any = getattr(model, "tokenizer", None)
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        digest.update(backend.to_str().encode())
    elif hasattr(tokenizer, "get_vocab"):
        digest.update(json.dumps(sorted(tokenizer.get_vocab().items())).encode())
    rest = [getattr(model, name, None) for name in ("prompts", "default_prompt_name", "truncate_dim")]
    digest.update(json.dumps([*rest, model.max_seq_length], default=str).encode())
    return digest.hexdigest()
