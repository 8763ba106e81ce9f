"""Texts to vectors with a sentence encoder, in shards, so that an interruption costs at most one.

The shards lie in a folder beside the data set that is being built. They belong to one file of texts and
one encoder, named in ``work.json``; another one is refused rather than mixed in.
"""

import contextlib
import io
import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from schemas.atomic import write_bytes, write_text
from schemas.errors import DataError, OutputError, ReportError, UsageError
from schemas.owned import is_own_folder, make_own_folder
from schemas.strict_json import dumps, loads

SHARD = 2_048
"""Texts a shard."""

WORK = "work.json"

_OURS = re.compile(r"work\.json|shard[0-9]+\.npy|\.gatekeeper-[0-9a-f]+\.tmp")

Progress = Callable[[int], None]


class Encoder(Protocol):
    """What is used of a sentence encoder."""

    def encode(self, sentences: Sequence[str], **options: Any) -> npt.NDArray[np.float32]:  # noqa: ANN401
        """Vectors (n, D) of n texts."""
        ...


def load_encoder(name: str, device: str) -> Encoder:
    """A sentence-transformers model, by the name of its repository or by its folder.

    Raises:
        UsageError: the package is not installed.
        DataError: the model cannot be loaded, e.g. without a connection.
    """
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise UsageError(
            "embedding texts needs sentence-transformers; pip install 'gatekeeper[embed]'"
        ) from None
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return cast(Encoder, SentenceTransformer(name, device=device))
    except Exception as error:  # noqa: BLE001  (the library raises whatever its dependencies do)
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(
            f"cannot load the encoder {name!r}: {why}; name a folder that holds it, or check the connection"
        ) from None


def embed(
    texts: Sequence[str],
    encoder: Callable[[], Encoder],
    *,
    work: Path,
    identity: dict[str, str],
    batch_size: int,
    progress: Progress,
) -> npt.NDArray[np.float32]:
    """Vectors (N, D) of all texts; shards that are there already are not made again.

    Args:
        texts: N texts.
        encoder: loads the encoder, which is only asked for where a shard is missing.
        work: folder of the shards; made if missing, removed by :func:`forget` when the data set is built.
        identity: digest of the texts and name of the encoder; must be those the folder was made for.
        batch_size: texts a call.
        progress: told how many texts are done.

    Raises:
        UsageError: the folder belongs to other texts or another encoder.
        DataError: the encoder returned something that is no vector.
        OutputError: a shard cannot be written.
    """
    _claim(work, identity)
    loaded: Encoder | None = None
    shards = []
    for number, start in enumerate(range(0, len(texts), SHARD)):
        part = texts[start : start + SHARD]
        path = work / f"shard{number:06d}.npy"
        vectors = _stored(path, len(part))
        if vectors is None:
            loaded = loaded or encoder()
            vectors = np.asarray(
                loaded.encode(part, batch_size=batch_size, show_progress_bar=False, convert_to_numpy=True)
            ).astype(np.float32)
            if vectors.ndim != 2 or len(vectors) != len(part) or not np.isfinite(vectors).all():
                raise DataError(f"the encoder returned {vectors.shape} for {len(part)} texts, or NaN")
            write_bytes(path, _bytes(vectors), own=2)
        shards.append(vectors)
        progress(len(part))
    return np.concatenate(shards)


def forget(work: Path) -> None:
    """Remove the shards; the data set holds the vectors now."""
    with contextlib.suppress(OSError, OutputError):
        if not is_own_folder(work):
            return
        for path in work.iterdir():
            if _OURS.fullmatch(path.name):
                path.unlink()
        work.rmdir()


def _claim(work: Path, identity: dict[str, str]) -> None:
    try:
        work.parent.mkdir(parents=True, exist_ok=True)
        make_own_folder(work)
    except OSError as error:
        raise OutputError(f"cannot make {work}: {error.strerror}") from None
    record = work / WORK
    if record.is_file():
        try:
            found = loads(record.read_bytes())
        except (ReportError, OSError):
            found = None
        if found != identity:
            raise UsageError(
                f"{work} holds vectors of other texts or of another encoder; finish that build or "
                "remove the folder"
            )
        return
    write_text(record, dumps(identity), own=2)


def _stored(path: Path, count: int) -> npt.NDArray[np.float32] | None:
    try:
        found: npt.NDArray[np.float32] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return found if found.ndim == 2 and len(found) == count and found.dtype == np.float32 else None


def _bytes(vectors: npt.NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, vectors, allow_pickle=False)
    return buffer.getvalue()
