"""What an encoder is, so that vectors of different ones are told apart."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

_BLOCK = 2**24  # entries of a tensor that are hashed at a time
_NO_LIMIT = 2**31  # tokenizers without a limit say 10^30, models of single words infinity


class SentenceModel(Protocol):
    """What is read of a model of sentence-transformers."""

    max_seq_length: Any

    def state_dict(self) -> "Mapping[str, torch.Tensor]":
        """Its weights by name."""
        ...

    def modules(self) -> "Iterator[torch.nn.Module]":
        """All that it is made of, itself included."""
        ...


def encoder_digest(model: SentenceModel) -> str:
    """SHA-256 of weights, configuration, tokenizer and what else decides a vector; not of where it lies."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        entries: Any = tensor.detach().contiguous().reshape(-1)
        for part in entries.split(_BLOCK):
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


def computed_digest(stored: str, precision: str, *, changed: bool) -> str:
    """What vectors are kept under: they depend on the numbers they were computed with too.

    Args:
        stored: digest of the encoder as it is stored.
        precision: what it computes with.
        changed: whether it is stored with others.
    """
    return hashlib.sha256(f"{stored} {precision}".encode()).hexdigest() if changed else stored


def pooling_of(model: SentenceModel) -> str | None:
    """How the vectors of tokens become one of a text, as the library calls it; None where none are pooled."""
    for module in model.modules():
        if type(module).__name__ == "Pooling":
            mode: object = getattr(module, "pooling_mode", None)
            spelt: Callable[[], object] | None = getattr(module, "get_pooling_mode_str", None)
            found = mode if mode is not None or spelt is None else spelt()  # the latter up to version 5
            return "+".join(found) if isinstance(found, (list, tuple)) else str(found)
    return None


def is_normalised(model: SentenceModel) -> bool:
    """Whether its last step makes unit vectors."""
    return any(type(module).__name__ == "Normalize" for module in model.modules())


def most_tokens(model: SentenceModel) -> int | None:
    """Tokens of a text that it reads; None where it reads all."""
    most: object = model.max_seq_length
    return most if isinstance(most, int) and 0 < most < _NO_LIMIT else None
