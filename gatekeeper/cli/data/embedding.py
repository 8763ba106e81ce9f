"""Embedding texts for a command: with a bar, a cache in the user's folder, and a note of what it held."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from gatekeeper.cli.progress import bar
from gatekeeper.cli.terminal import is_terminal
from gatekeeper.cli.types import Choice
from gatekeeper.cli.voice import hushed, quiet, say
from gatekeeper.data.building.embed import Embedded, embed
from gatekeeper.data.building.embedding_cache import EmbeddingCache, cache_folder
from gatekeeper.data.building.encoder import FoundEncoder, Precision, load_encoder
from schemas.records.dataset import EmbeddedBy

precision_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "--precision",
    type=Choice(("float32", "float16", "bfloat16")),
    help="Numbers the encoder computes with [those it is stored with].",
)


@dataclass(frozen=True)
class Maker:
    """What makes vectors of texts.

    Attributes:
        encoder: where it is.
        device: where it embeds.
        precision: numbers it computes with; None for those it is stored with.
        batch_size: texts it is given at once, at most.
        check: is told what was loaded, and may refuse it, before anything is embedded.
    """

    encoder: FoundEncoder
    device: str
    precision: Precision | None
    batch_size: int
    check: Callable[[EmbeddedBy], None] = lambda made_by: None


def embed_texts(texts: Sequence[str], maker: Maker) -> tuple[Embedded, EmbeddedBy]:
    """Vectors of N texts, and what made them; each vector is kept as soon as it is made.

    Raises:
        DataError: the encoder cannot be loaded, or returned something that is no vector.
    """
    with hushed():
        loaded = load_encoder(
            maker.encoder, maker.device, maker.precision, bars=is_terminal(sys.stderr) and not quiet()
        )
    maker.check(loaded.identity)
    folder = cache_folder()
    cache = None if folder is None else EmbeddingCache(folder, loaded.digest)
    try:
        with hushed():
            done = embed(
                texts,
                loaded,
                cache=cache,
                batch_size=maker.batch_size,
                bar=lambda characters: bar("embedding", characters, unit="char", told=True),
            )
    finally:
        if cache is not None:
            cache.close()
    if cache is not None and cache.trouble is not None:
        say(f"note: vectors could not be kept in {cache.trouble}; GATEKEEPER_CACHE names another folder")
    elif cache is not None:
        say(
            f"note: {done.found} of {done.distinct} texts were embedded before; {cache.folder} now holds "
            f"{cache.size / 1e6:.1f} MB"
        )
    return done, loaded.identity
