"""What a JUnit file may hold, read strictly: by the published schema, and with counts that add up."""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

from gatekeeper.deployment.verify import Ruling
from gatekeeper.render.ci.junit import render_junit


@dataclass(frozen=True)
class Shape:
    """What an element may hold."""

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    children: frozenset[str] = frozenset()
    text: bool = False


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RESULT = Shape(optional=words("type message"), text=True)
_OUTPUT = Shape(text=True)

# junit-10.xsd of Jenkins' xunit plugin (jenkinsci/xunit-plugin, .../types/model/xsd/junit-10.xsd). Children
# come in any order and number; what reruns and flaky tests need is left out.
SCHEMA = {
    "testsuites": Shape(optional=words("name time tests failures errors"), children=words("testsuite")),
    "testsuite": Shape(
        required=words("name tests failures errors"),
        optional=words("group time skipped timestamp hostname id package file log url"),
        children=words("testsuite properties testcase system-out system-err"),
    ),
    "testcase": Shape(
        required=words("name"),
        optional=words("time classname group"),
        children=words("skipped error failure system-out system-err"),
    ),
    "properties": Shape(children=words("property")),
    "property": Shape(required=words("name value")),
    "skipped": _RESULT,
    "error": _RESULT,
    "failure": _RESULT,
    "system-out": _OUTPUT,
    "system-err": _OUTPUT,
}
SUREFIRE_TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")


def violations(element: ET.Element) -> list[str]:
    """Where an element breaks the schema."""
    shape = SCHEMA.get(element.tag)
    if shape is None:
        return [f"unknown element {element.tag}"]
    given_attributes = set(element.attrib)
    found = [f"{element.tag} lacks {name}" for name in sorted(shape.required - given_attributes)]
    found += [
        f"{element.tag} has {name}" for name in sorted(given_attributes - shape.required - shape.optional)
    ]
    if element.tag in ("testsuites", "testsuite") and not SUREFIRE_TIME.fullmatch(element.get("time", "0")):
        found.append(f"{element.tag} has the time {element.get('time')}")
    if not shape.text and (element.text or "").strip():
        found.append(f"{element.tag} has text")
    for child in element:
        if child.tag not in shape.children:
            found.append(f"{child.tag} in {element.tag}")
        if (child.tail or "").strip():
            found.append(f"text after {child.tag}")
        found += violations(child)
    return found


@dataclass
class Counted:
    """A parsed file, valid and with counts that add up."""

    root: ET.Element
    cases: list[ET.Element] = field(init=False)

    def __post_init__(self) -> None:
        assert self.root.tag == "testsuites"
        assert violations(self.root) == []
        self.cases = self.root.findall("testsuite/testcase")
        for suite in self.root:
            assert suite.get("tests") == str(len(suite.findall("testcase")))
            for total, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                assert suite.get(total) == str(len(suite.findall(f"testcase/{tag}"))), suite.get("name")
            for case in suite.findall("testcase"):
                assert case.get("classname") == f"gatekeeper.{suite.get('name')}"
                assert len(case) <= 1
        for total in ("tests", "failures", "errors"):
            assert self.root.get(total) == str(sum(int(suite.get(total, "")) for suite in self.root))

    @property
    def failures(self) -> int:
        return int(self.root.get("failures", ""))

    @property
    def errors(self) -> int:
        return int(self.root.get("errors", ""))

    def case(self, gate: str, name: str) -> ET.Element:
        (found,) = (
            case
            for case in self.cases
            if (case.get("classname"), case.get("name")) == (f"gatekeeper.{gate}", name)
        )
        return found

    @property
    def verdict(self) -> ET.Element:
        return self.case("verdict", "deployable")

    def told(self) -> str:
        return self.root.findtext("testsuite[@name='verdict']/system-out") or ""


def read(text: str) -> Counted:
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>\n')
    assert text.endswith("</testsuites>\n")
    return Counted(ET.fromstring(text.encode()))


def render(ruling: Ruling) -> Counted:
    return read(render_junit(ruling))
