"""Offers for deployment, and a place to deploy them to."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.gatekeeper.deployment.submissions import Offer, make_offer
from tests.memory import memory_folder

Offers = Callable[..., Offer]


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory: the same folders are copied here thousands of times."""
    with memory_folder() as name:
        yield Path(name).resolve()


@pytest.fixture
def offers(tmp_path: Path) -> Offers:
    """``name`` -> a model with its report."""

    def offer(name: str, **more: object) -> Offer:
        return make_offer(tmp_path / "offers", name, **more)  # type: ignore[arg-type]

    return offer


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where a deployment folder would be; there is none yet."""
    return tmp_path / "production"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushes of a real disk only cost time; the power that fails here is a pretence."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
