"""A browser for tests that look at pages; they are skipped, with a reason, where there is none."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_CHROMIUM = next((found for name in _NAMES if (found := shutil.which(name))), "")

needs_browser = pytest.mark.skipif(
    not _CHROMIUM, reason="no chromium on this machine: apt-get install chromium"
)


@contextmanager
def launched() -> "Iterator[Browser]":
    """A running Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        # Containers run tests as root, where the sandbox cannot start; the pages are our own.
        browser = play.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def serious_findings(page: "Page") -> tuple[list[tuple[str, str]], set[str]]:
    """Rule and element of what axe-core calls serious or critical, and the rules that passed."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response
    serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
    return (
        [(each["id"], each["nodes"][0]["html"][:200]) for each in serious],
        {each["id"] for each in found["passes"]},
    )
