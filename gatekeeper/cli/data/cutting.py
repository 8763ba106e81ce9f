"""The options that say how documents are cut into chunks."""

import functools
from collections.abc import Callable
from typing import Any

import click

from gatekeeper.data.documents.chunker import Chunking
from gatekeeper.data.documents.cutting import Cutting
from schemas.errors import UsageError

FEWEST, MOST = 5, 1000


def cutting_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command is given ``cutting``, None where nobody used one."""

    @click.option(
        "--chunk-words",
        type=click.IntRange(FEWEST, MOST),
        help=f"Of documents: words a chunk has at most, whole sentences where they fit [{Chunking().words}].",
    )
    @click.option(
        "--language", help=f"Of documents: whose rules tell sentences, such as de [{Chunking().language}]."
    )
    @click.option(
        "--keep-boilerplate",
        is_flag=True,
        help="Of documents: keep headers, footers and all else that repeats over them.",
    )
    @functools.wraps(command)
    def wrapped(
        *args: object, chunk_words: int | None, language: str | None, keep_boilerplate: bool, **rest: object
    ) -> object:
        given = chunk_words is not None or language is not None or keep_boilerplate
        cutting = Cutting(_chunking(chunk_words, language), keep_boilerplate) if given else None
        return command(*args, cutting=cutting, **rest)

    return wrapped


def _chunking(words: int | None, language: str | None) -> Chunking:
    usual = Chunking()
    if language is not None and not (language.isascii() and language.isalpha() and len(language) in (2, 3)):
        raise UsageError(f"--language: expected the code of a language, such as en or de; found {language!r}")
    return Chunking(words or usual.words, (language or usual.language).lower())
