"""Sentence encoders: found before anything is read, loaded when needed, told apart by their weights.

``--encoder`` names a folder, an installed package that carries a model
(:mod:`gatekeeper.data.building.packaged_encoder`), or a model on the hub, and is looked for in this order;
the word ``package`` is whatever package is installed.
"""

import contextlib
import importlib.util
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import numpy as np
import numpy.typing as npt

from gatekeeper import DISTRIBUTION
from gatekeeper.data.building.encoder_identity import (
    computed_digest,
    encoder_digest,
    is_normalised,
    most_tokens,
    pooling_of,
)
from gatekeeper.data.building.packaged_encoder import MODULES, find_packaged, packaged_encoders, the_packaged
from schemas.addresses import refuse_address
from schemas.errors import DataError, UsageError
from schemas.reasons import without_advice
from schemas.records.dataset import EmbeddedBy

PACKAGE = "package"
"""The name of the encoder that is installed with a package, whichever that is."""

Precision = Literal["float32", "float16", "bfloat16"]

_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?", flags=re.ASCII)
_HUB_ADDRESS = re.compile(r"(?:hf://|https://(?:huggingface\.co|hf\.co)/)([\w.-]+/[\w.-]+)/?", flags=re.ASCII)
_MODEL_FILES = (MODULES, "config.json")
_PATIENCE = 8.0
"""Seconds that the hub has to answer."""


class Encoder(Protocol):
    """What is used of a sentence encoder."""

    def encode(self, sentences: Sequence[str], **options: Any) -> npt.NDArray[np.float32]:  # noqa: ANN401
        """Vectors (n, D) of n texts."""
        ...


@dataclass(frozen=True)
class FoundEncoder:
    """Where an encoder is; nothing of it was loaded.

    Attributes:
        source: what its name names.
        name: of the model on the hub, of the folder, or of the package.
        place: the folder, or the name on the hub.
        version: of the package.
    """

    source: Literal["hub", "folder", "package"]
    name: str
    place: str
    version: str | None = None


@dataclass(frozen=True, eq=False)
class LoadedEncoder:
    """An encoder, and the digest of everything its vectors depend on.

    Attributes:
        model: makes vectors of texts.
        digest: what its vectors are kept under.
        identity: for the record of a data set.
    """

    model: Encoder
    digest: str
    identity: EmbeddedBy


def find_encoder(name: str) -> FoundEncoder:
    """Find an encoder within seconds and without loading it, or refuse one that could not be loaded.

    Raises:
        UsageError: the package that loads encoders is not installed, or it is an address.
        DataError: it is neither a folder with a model nor an installed package nor on the hub, or the hub
            cannot be asked.
    """
    if importlib.util.find_spec("sentence_transformers") is None:
        raise UsageError(f"embedding texts needs sentence-transformers; pip install '{DISTRIBUTION}[embed]'")
    if hub := _HUB_ADDRESS.fullmatch(name):
        raise UsageError(f"the encoder {name} is an address; a model on the hub goes by its name, {hub[1]}")
    refuse_address(name)
    folder = Path(name).expanduser()
    if name != PACKAGE and folder.is_dir():
        if not any((folder / each).is_file() for each in _MODEL_FILES):
            raise DataError(f"the encoder {name} is no model: expected {' or '.join(_MODEL_FILES)} in it")
        return FoundEncoder("folder", folder.resolve().name, str(folder))
    if folder.is_file() or not _HUB_NAME.fullmatch(name) or name.startswith("."):
        what = "a file" if folder.exists() else "nothing"
        raise DataError(
            f"the encoder {name}: expected a folder that holds a model, found {what} there; {_other_ways()}"
        )
    package = the_packaged() if name == PACKAGE else find_packaged(name)
    if package is not None:
        return FoundEncoder("package", package.package, str(package.folder), package.version)
    if _snapshot(name) is None:
        _ask_hub(name)
    return FoundEncoder("hub", name, name)


def load_encoder(
    found: FoundEncoder, device: str, precision: Precision | None = None, *, bars: bool
) -> LoadedEncoder:
    """A sentence-transformers model that :func:`find_encoder` found.

    What is on this machine is used as it is, without asking the hub for something newer.

    Args:
        found: where it is.
        device: where it embeds.
        precision: numbers it computes with; None for those it is stored with.
        bars: whether the libraries may show progress of their own on stderr.

    Raises:
        DataError: the model cannot be loaded.
    """
    try:
        from sentence_transformers import SentenceTransformer

        if not bars:
            _hide_bars()
        local = found.source != "hub" or _snapshot(found.name) is not None
        with contextlib.redirect_stdout(io.StringIO()):
            model = SentenceTransformer(found.place, device=device, local_files_only=local)
    except Exception as error:  # noqa: BLE001  (the library raises whatever its dependencies do)
        why = " ".join(without_advice(str(error)).split())[:200] or type(error).__name__
        raise DataError(
            f"cannot load the encoder {found.name!r}: {why}; check the connection, or {_other_ways()}"
        ) from None
    digest, stored = encoder_digest(model), _precision(model)
    if precision is not None and precision != stored:
        import torch

        model.to(getattr(torch, precision))
    computed = _precision(model)
    identity = EmbeddedBy(
        source=found.source,
        name=found.name,
        revision=_snapshot(found.name) if found.source == "hub" else found.version,
        sha256=digest,
        precision=computed,
        pooling=pooling_of(model),
        normalised=is_normalised(model),
        max_tokens=most_tokens(model),
    )
    changed = computed != stored
    return LoadedEncoder(cast(Encoder, model), computed_digest(digest, computed, changed=changed), identity)


def _precision(model: Any) -> str:  # noqa: ANN401  (a module of torch, which this module must not import)
    """The numbers of its weights, as torch calls them."""
    kinds = (tensor.dtype for tensor in model.state_dict().values() if tensor.is_floating_point())
    return str(next(kinds, "none")).removeprefix("torch.")


def _snapshot(name: str) -> str | None:
    """The commit of a model that was downloaded from the hub before; None where none was."""
    from huggingface_hub import try_to_load_from_cache

    for repository in _repositories(name):
        for file in _MODEL_FILES:
            kept = try_to_load_from_cache(repository, file)
            if isinstance(kept, str):
                return Path(kept).parent.name
    return None


def _repositories(name: str) -> tuple[str, ...]:
    """Where the hub may have it; a name without an owner may be one of sentence-transformers."""
    return (name,) if "/" in name else (name, f"sentence-transformers/{name}")


def _ask_hub(name: str) -> None:
    from huggingface_hub import HfApi, constants

    if constants.HF_HUB_OFFLINE:
        raise DataError(
            f"the encoder {name!r} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it; "
            f"{_other_ways()}"
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
        f"cannot be reached ({why}); {_other_ways()}"
    )


def _other_ways() -> str:
    """What an encoder may be, and the installed one where there is one."""
    installed = packaged_encoders()
    which = f" (--encoder {PACKAGE} takes {installed[0].package})" if len(installed) == 1 else ""
    return (
        "name a model on the hub (owner/name), a folder that holds one, or an installed package that "
        f"carries one{which}"
    )


def _hide_bars() -> None:
    from huggingface_hub.utils.tqdm import disable_progress_bars
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bars()
    disable_progress_bar()
