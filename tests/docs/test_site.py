"""The documentation as it is built: complete, without a dead link, and without anything from elsewhere."""

import functools
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import click
import pytest

from docs.hooks import REFERENCE, modules
from gatekeeper.cli.app import cli
from tests.browser import launched, needs_browser, serious_findings
from tests.docs.console import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@dataclass
class Html(HTMLParser):
    """Ids of a page, where its links lead, and what the browser would load for it."""

    ids: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    loaded: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids.add(given.get("id", ""))
        if tag == "a":
            self.links.add(given.get("href", ""))
        elif tag == "link" and given.get("rel") not in ("prev", "next", "canonical"):
            self.loaded.add(given.get("href", ""))
        else:
            self.loaded.add(given.get("src", ""))


@dataclass
class Text(HTMLParser):
    """The text of a page."""

    parts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as ``make docs`` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Html]:
    """Every page, read."""
    found = {}
    for file in sorted(site.rglob("*.html")):
        page = Html()
        page.feed(file.read_text(encoding="utf-8"))
        found[file] = page
    return found


def test_every_page_of_the_folder_is_there(site: Path) -> None:
    written = {file.relative_to(ROOT / "docs").with_suffix(".html") for file in (ROOT / "docs").rglob("*.md")}
    made = {Path("cli.html"), *(Path(f"reference/{package}.html") for package in REFERENCE)}
    assert {file.relative_to(site) for file in site.rglob("*.html")} == written | made | {Path("404.html")}


def test_every_file_that_a_page_includes_is_shown_whole(site: Path) -> None:
    included = {
        "plugins/trainer": ("trainer/gatekeeper_infonce.py", "trainer/pyproject.toml"),
        "plugins/architecture": ("architecture/gatekeeper_mlp.py", "architecture/pyproject.toml"),
        "plugins/policy": ("policy/next-chunk.toml",),
        "own-model": ("own/make_texts.py", "own/make_bank.py", "own/my_model.py"),
    }
    for page, files in included.items():
        text = Text()
        text.feed((site / f"{page}.html").read_text(encoding="utf-8"))
        shown = "".join("".join(text.parts).split())
        for file in files:
            written = (ROOT / "docs" / "examples" / file).read_text(encoding="utf-8")
            assert "".join(written.split()) in shown, file


def test_every_link_leads_to_a_place_that_exists(site: Path, pages: dict[Path, Html]) -> None:
    dead = []
    for file, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or link.startswith(("/", "javascript:")) or file.name == "404.html":
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            place = unquote(parts.fragment)
            lost = not target.is_file() or (place and target in pages and place not in pages[target].ids)
            dead += [(file.relative_to(site), link)] if lost else []
    assert dead == []


def test_nothing_is_loaded_from_elsewhere(pages: dict[Path, Html]) -> None:
    assert {url for page in pages.values() for url in page.loaded if urlsplit(url).netloc} == set()


def test_every_command_is_described_with_all_its_flags(site: Path) -> None:
    text = (site / "cli.html").read_text(encoding="utf-8")

    def walk(command: click.Command, path: str) -> Iterator[tuple[str, str]]:
        yield path, path
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                yield path, max(parameter.opts, key=len)
        if isinstance(command, click.Group):
            with command.make_context(path, [], resilient_parsing=True) as context:
                for name in command.list_commands(context):
                    inner = command.get_command(context, name)
                    assert inner is not None
                    yield from walk(inner, f"{path} {name}")

    wanted = list(walk(cli, "gatekeeper"))
    assert len(wanted) > 150
    assert [each for each in wanted if each[1] not in text] == []


def test_every_public_module_has_a_place_in_the_reference(pages: dict[Path, Html]) -> None:
    packages = {
        str(file.parent.relative_to(ROOT)).replace(os.sep, ".")
        for top in ("schemas", "gates", "trainers", "gatekeeper")
        for file in (ROOT / top).rglob("*.py")
    }
    # The commands have a page of their own.
    assert packages - {"gatekeeper.cli", "gatekeeper.cli.data"} == REFERENCE.keys()
    ids = set().union(*(page.ids for page in pages.values()))
    assert [name for package in REFERENCE for name in modules(package) if name not in ids] == []


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    """The address of a server of the site on this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its own name for it)
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with launched() as started:
        yield started


@needs_browser
@pytest.mark.parametrize(
    "page",
    [
        "index",
        "tutorial",
        "gates",
        "data-findings",
        "plugins/trainer",
        "cli",
        "reference/gatekeeper.integrations",
        "results",
        "architecture",
    ],
)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_a_page_in_the_browser(browser: "Browser", served: str, page: str, scheme: str, width: int) -> None:
    told: list[str] = []
    asked: list[str] = []
    opened = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    opened.on("console", lambda message: told.append(message.text))
    opened.on("pageerror", lambda error: told.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(f"{served}/{page}.html", wait_until="networkidle")
    assert told == []
    assert [url for url in asked if not url.startswith((served, "data:", "blob:"))] == []
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    found, checked = serious_findings(opened)
    assert found == []
    assert {"color-contrast", "document-title", "landmark-one-main"} <= checked
    opened.close()


@needs_browser
def test_the_search_finds_a_word(browser: "Browser", served: str) -> None:
    opened = browser.new_page()
    opened.goto(f"{served}/index.html", wait_until="networkidle")
    opened.click("input.md-search__input")
    opened.keyboard.type("leave_one_out")
    opened.wait_for_selector(".md-search-result__item a", state="attached")
    found = [each.get_attribute("href") for each in opened.locator(".md-search-result__item a").all()]
    assert f"{served}/gates.html#c-ablations" in found
    opened.close()
