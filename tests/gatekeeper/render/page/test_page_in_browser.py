"""The page as a browser sees it: nothing is requested, nothing is complained of, everybody can read it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.browser import launched, needs_browser, serious_findings
from tests.gatekeeper.render.page import pages
from tests.gatekeeper.render.page.seen import PLOTS, TRAINED

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_browser

DESKTOP, PHONE, NARROW = (1280, 900), (390, 844), (320, 600)
Scheme = Literal["light", "dark"]
CASES = (*pages.CASES, "many_checks")

OPEN_ALL = """document.querySelectorAll('details').forEach(each => { each.open = true; });
new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"""
PLOT_FACTS = """[...document.querySelectorAll('figure svg')].map(svg => ({
    name: svg.getAttribute('aria-label'),
    role: svg.getAttribute('role'),
    width: svg.getBoundingClientRect().width,
    height: svg.getBoundingClientRect().height,
    marks: svg.querySelectorAll('path, use').length,
    words: svg.querySelectorAll('text').length,
    told: document.getElementById(svg.getAttribute('aria-describedby')).textContent.length,
}))"""
SMALLEST_LETTERS = """Math.min(...[...document.querySelectorAll('figure svg')].map(svg =>
    svg.getBoundingClientRect().width / svg.viewBox.baseVal.width *
    Math.min(...[...svg.querySelectorAll('text')].map(text => parseFloat(getComputedStyle(text).fontSize)))
))"""


LARGEST_NAME = "gru_p6b_20260102_030405_with_a_name_made_long/best_model.of.epoch.17.safetensors"
RIGHT_END = """Math.max(...[...document.querySelectorAll('#checks tr')].map(row =>
    [...row.children].slice(3, 6).at(-1)).map(cell => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        return range.getBoundingClientRect().right;
    }))"""
OVERLAPS = """[...document.querySelectorAll('#provenance tr')].filter(row => {
    const range = document.createRange();
    range.selectNodeContents(row.children[0]);
    return range.getBoundingClientRect().right > row.children[1].getBoundingClientRect().left;
}).map(row => row.children[0].textContent)"""
NAV_AND_TITLE = """[document.querySelector('nav').getBoundingClientRect(),
    document.getElementById('checks-title').getBoundingClientRect()].map(each => [each.top, each.bottom])"""


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with launched() as started:
        yield started


class Seen:
    """A page that is open, and what it did since it was opened."""

    def __init__(self, browser: "Browser", file: Path) -> None:
        self.url = file.as_uri()
        self.told: list[str] = []
        self.requested: list[str] = []
        self.refused: list[str] = []
        self.page: Page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.on("console", lambda message: self.told.append(message.text))
        self.page.on("pageerror", lambda error: self.told.append(str(error)))
        self.page.on("dialog", lambda dialog: self.told.append(dialog.message))
        self.page.on("request", lambda request: self.requested.append(request.url))
        self.page.on("requestfailed", lambda request: self.refused.append(request.url))
        self.page.goto(self.url)

    def look(self, size: tuple[int, int] = DESKTOP, scheme: Scheme = "light") -> None:
        """Change the screen."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.emulate_media(color_scheme=scheme)

    def run(self, script: str) -> Any:  # noqa: ANN401
        """What a script says."""
        return self.page.evaluate(script)


@pytest.fixture(scope="module")
def seen(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Seen]:
    """Every case, opened once."""
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for case in CASES:
        file = folder / f"{case}.html"
        file.write_text(getattr(pages, case)(), encoding="utf-8")
        found[case] = Seen(browser, file)
    return found


@pytest.fixture
def fresh(browser: "Browser", seen: Mapping[str, Seen]) -> Iterator[Seen]:
    """The deployable case as it is when it was just opened."""
    opened = Seen(browser, Path(seen["deployable"].url.removeprefix("file://")))
    yield opened
    opened.page.close()


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_requested_and_nothing_complained_of(seen: Mapping[str, Seen], case: str) -> None:
    assert seen[case].requested == [seen[case].url]
    assert seen[case].told == []
    assert seen[case].page.title().endswith(" – gatekeeper")
    assert seen[case].run("document.scripts.length") == 0


def test_the_browser_refuses_whatever_is_put_into_the_page(fresh: Seen) -> None:
    with fresh.page.expect_event("requestfailed"), fresh.page.expect_console_message():
        fresh.run("document.body.insertAdjacentHTML('beforeend', '<img src=x.png><p style=color:red>x</p>')")
    assert [url.rpartition("/")[2] for url in fresh.refused] == ["x.png"]
    assert all("Content Security Policy" in line for line in fresh.told)
    assert fresh.told


@pytest.mark.parametrize(("case", "expected"), [("deployable", PLOTS | TRAINED), ("blocked", PLOTS)])
def test_all_plots_have_a_size_a_name_and_a_description(
    seen: Mapping[str, Seen], case: str, expected: set[str]
) -> None:
    seen[case].look()
    found = seen[case].run(PLOT_FACTS)
    assert {each["name"] for each in found} == expected
    for each in found:
        assert each["role"] == "img"
        assert each["width"] > 300, each
        assert each["height"] > 180, each
        assert each["marks"] > 10, each
        assert each["words"] > 4, each
        assert each["told"] > 20, each


@pytest.mark.parametrize(
    ("scheme", "ink", "paper"),
    [("light", "rgb(27, 31, 36)", "rgb(255, 255, 255)"), ("dark", "rgb(232, 234, 237)", "rgb(20, 23, 27)")],
)
def test_plots_take_the_colours_of_the_page(
    seen: Mapping[str, Seen], scheme: Scheme, ink: str, paper: str
) -> None:
    page = seen["deployable"]
    page.look(scheme=scheme)
    body = page.run(
        "(({color, backgroundColor}) => [color, backgroundColor])(getComputedStyle(document.body))"
    )
    assert body == [ink, paper]
    fills = page.run("[...document.querySelectorAll('svg text')].map(text => getComputedStyle(text).fill)")
    assert set(fills) == {ink}
    marks = "[...document.querySelectorAll('#offset-sweep svg *')].map(each => getComputedStyle(each).stroke)"
    strokes = set(page.run(marks))
    assert "rgb(0, 0, 0)" not in strokes
    assert len(strokes) >= 8


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("case", "size"), [("deployable", DESKTOP), ("blocked", PHONE)])
def test_no_serious_finding_of_axe(
    seen: Mapping[str, Seen], case: str, size: tuple[int, int], scheme: Scheme
) -> None:
    seen[case].look(size, scheme)
    seen[case].run(OPEN_ALL)
    found, checked = serious_findings(seen[case].page)
    assert found == []
    assert {"color-contrast", "landmark-one-main", "region", "svg-img-alt", "document-title"} <= checked


@pytest.mark.parametrize("case", pages.CASES)
def test_nothing_is_wider_than_the_screen(seen: Mapping[str, Seen], case: str) -> None:
    seen[case].run(OPEN_ALL)
    for size in (DESKTOP, PHONE, NARROW):
        seen[case].look(size)
        assert seen[case].run("document.documentElement.scrollWidth") <= size[0]


def test_on_a_phone_the_words_of_a_plot_can_be_read(seen: Mapping[str, Seen]) -> None:
    seen["deployable"].look(PHONE)
    assert seen["deployable"].run(SMALLEST_LETTERS) >= 8


def test_the_page_is_used_with_the_keyboard_alone(fresh: Seen) -> None:
    focused = "document.activeElement.textContent.trim()"
    fresh.page.keyboard.press("Tab")
    assert fresh.run(focused) == "Skip to the verdict"
    fresh.page.keyboard.press("Enter")
    assert fresh.run("document.activeElement.id") == "content"
    fresh.page.keyboard.press("Tab")
    assert fresh.run(focused) == "The figures as a table"
    fresh.page.keyboard.press("Enter")
    assert fresh.run("document.querySelector('#knowledge details').open") is True
    fresh.page.keyboard.press("Tab")
    named = fresh.run("document.activeElement.getAttribute('aria-label')")
    assert named == "What the model and the controls know"


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_name_verdict_diagnosis_and_gates_stand_in_the_first_screen(
    browser: "Browser", tmp_path: Path, size: tuple[int, int]
) -> None:
    file = tmp_path / "page.html"
    file.write_text(pages.blocked(spec=LARGEST_NAME), encoding="utf-8")
    opened = Seen(browser, file)
    opened.look(size)
    for part in ("h1 .word", "h1 .model", ".tally", ".diagnosis", ".gates", ".gates + h2"):
        assert opened.run(f"document.querySelector('{part}').getBoundingClientRect().bottom") <= size[1]
    assert opened.run("document.querySelector('h1 .model').textContent") == LARGEST_NAME
    opened.page.close()


@pytest.mark.parametrize("case", ["deployable", "blocked", "one_article", "undecided", "control"])
def test_on_a_phone_value_threshold_and_status_are_in_view(seen: Mapping[str, Seen], case: str) -> None:
    seen[case].look(PHONE)
    assert 0 < seen[case].run(RIGHT_END) <= PHONE[0] - 16


@pytest.mark.parametrize("size", [DESKTOP, PHONE, NARROW])
def test_the_labels_of_the_provenance_leave_room_for_what_they_name(
    seen: Mapping[str, Seen], size: tuple[int, int]
) -> None:
    seen["deployable"].look(size)
    assert seen["deployable"].run(OVERLAPS) == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_navigation_stays_and_covers_no_title(fresh: Seen, size: tuple[int, int]) -> None:
    fresh.page.emulate_media(reduced_motion="reduce")
    fresh.page.set_viewport_size({"width": size[0], "height": size[1]})
    fresh.page.click("nav a[href='#checks']")
    (top, bottom), (title, _) = fresh.run(NAV_AND_TITLE)
    assert (top, fresh.run("scrollY") > 1000) == (0, True)
    assert bottom <= title < bottom + 40


def test_on_paper_the_figures_are_open_and_the_links_are_gone(fresh: Seen) -> None:
    fresh.look(scheme="dark")
    visible = "document.querySelector('{}').checkVisibility({{contentVisibilityAuto: true}})"
    table, links = visible.format("#offset-sweep td"), visible.format("nav")
    assert (fresh.run(table), fresh.run(links)) == (False, True)
    fresh.page.emulate_media(media="print")
    # What a closed element holds is drawn with a later frame. The page allows no script to wait for it.
    for _ in range(3000):
        if fresh.run(table):
            break
        fresh.page.wait_for_timeout(20)
    assert fresh.run(table) is True
    assert fresh.run(links) is False
    assert fresh.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_ten_thousand_checks_are_shown(seen: Mapping[str, Seen]) -> None:
    assert seen["many_checks"].run("document.querySelectorAll('#checks tbody .status.pass').length") == 10_000
