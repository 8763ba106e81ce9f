"""Nothing that is shown makes a terminal or a CI system do anything."""

import json
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.text import harmless, harmless_json, harmless_xml, one_line, printable
from tests.schemas.acting import COMMANDS, acts

TEXT = st.lists(
    st.one_of(
        st.sampled_from(COMMANDS),
        st.text(max_size=5),
        st.sampled_from([" ", "\n", "\u00a0", "\u3000", ":", "#", "["]),
    ),
    max_size=6,
).map("".join)


@given(TEXT)
def test_a_text_of_somebody_else_is_one_line_and_does_nothing(text: str) -> None:
    shown = printable(text)
    assert acts(shown) == []
    assert "\n" not in shown
    assert "\u200b" not in shown
    assert printable(shown) == shown


@given(TEXT)
def test_lines_of_ours_do_nothing_whatever_is_in_them(text: str) -> None:
    shown = harmless(text)
    assert acts(shown) == []
    assert shown.count("\n") == text.count("\n")


@given(TEXT)
def test_json_keeps_its_value(text: str) -> None:
    value = {text: [text]}
    shown = harmless_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert acts(shown) == []
    assert json.loads(shown) == value


@given(TEXT.map(lambda text: re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)))
def test_xml_keeps_its_value(text: str) -> None:
    root = ET.Element("a", b=text)
    root.text = text
    shown = harmless_xml(ET.tostring(root, encoding="unicode"))
    assert acts(shown) == []
    again = ET.fromstring(shown)
    assert again.get("b") == text
    assert (again.text or "") == text.replace("\r\n", "\n").replace("\r", "\n")


def test_lines_of_xml_end_as_its_parsers_read_them() -> None:
    assert harmless_xml("<a>one\r\ntwo\rthree\n</a>") == "<a>one\ntwo\nthree\n</a>"


@pytest.mark.parametrize(
    "text",
    [
        "std::vector",
        "tests/a.py::test",
        "12:30:00",
        "a:: b",
        "# heading [link]",
        "#[x]",
        "5-10% ± 0.1 λ_eff → ⚠️ 👩‍🔬 é",
    ],
)
def test_what_means_nothing_stays_as_it_is(text: str) -> None:
    assert printable(text) == harmless(text) == text
    assert harmless_json(f'"{text}"') == f'"{text}"'


def test_spaces_and_colours_of_ours_stay() -> None:
    line = "  a   b\n\x1b[32mDEPLOYABLE\x1b[0m \x1b[31mno\x1b[0m \x1b[33m?\x1b[0m"
    assert harmless(line) == line
    assert harmless("\x1b[8mhidden\x1b[38;5;1m\x1b[1A") == "\ufffd[8mhidden\ufffd[38;5;1m\ufffd[1A"
    assert printable("\x1b[32mDEPLOYABLE\x1b[0m") == "\ufffd[32mDEPLOYABLE\ufffd[0m"


def test_what_a_library_says_is_one_short_line_without_credentials() -> None:
    said = "no answer from https://me:secret@example.org/@x\nat all"
    assert one_line(OSError(said)) == "no answer from https://example.org/@x at all"
    assert one_line(ValueError("x" * 300)) == "x" * 200
    assert one_line(ValueError()) == "ValueError"


def test_a_name_that_is_no_text_is_told_apart() -> None:
    assert printable("a\udcff") == harmless("a\udcff") == "a\\udcff"
