"""A decision as JUnit XML, in the shape Jenkins' xunit2 schema and GitLab read.

A suite is a gate, a test case is a check. A case fails only where the model is stopped: what does not
pass but does not block (a warning, a waiver, a gate beyond those needed) is ``skipped`` with the reason,
so that a deployable model has a green report. The last suite is the verdict itself.
"""

import re
import xml.etree.ElementTree as ET

from gatekeeper.deployment.verify import Ruling
from gatekeeper.render.reasons import explained
from gatekeeper.render.rows import bounds, interval, number, shown_status
from gatekeeper.render.table import decided_by, known_lines
from schemas.records.evidence import Metric
from schemas.records.judgement import Check, Judgement
from schemas.records.report import Report
from schemas.text import harmless_xml

NAME = "gatekeeper"

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(ruling: Ruling) -> str:
    """The whole decision."""
    judgement, decided = ruling.decision.judgement, ruling.decision.decided
    root = ET.Element("testsuites", name=NAME, time="0")
    for gate in judgement.gates:
        suite = _suite(root, gate.name, decided)
        for check in judgement.checks:
            if check.gate == gate.name:
                _case(suite, check, deployable=judgement.verdict.deployable)
    _verdict(_suite(root, "verdict", decided), judgement, ruling.report)
    return _written(root)


def render_junit_error(message: str) -> str:
    """One failed case: no decision could be made."""
    root = ET.Element("testsuites", name=NAME, time="0")
    case = _new_case(_suite(root, "verdict", None), "verdict", "deployable")
    ET.SubElement(case, "error", message=_clean(message), type="error").text = _clean(message)
    return _written(root)


def _suite(root: ET.Element, name: str, decided: str | None) -> ET.Element:
    suite = ET.SubElement(root, "testsuite", name=name)
    if decided is not None:
        suite.set("timestamp", decided.removesuffix("Z"))
    return suite


def _new_case(suite: ET.Element, gate: str, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=f"{NAME}.{gate}", name=name, time="0")


def _case(suite: ET.Element, check: Check, *, deployable: bool) -> None:
    case = _new_case(suite, check.gate, f"{check.metric} on {check.split}")
    if check.status == "pass":
        return
    message = _clean(check.sentence)
    if check.severity == "warn" or check.status == "waived" or deployable:
        warns = "warning" if check.severity == "warn" else "not required"
        why = "waived" if check.status == "waived" else warns
        ET.SubElement(case, "skipped", message=f"{why}: {message}")
        return
    kind = "error" if check.status == "error" else "failure"
    found = ET.SubElement(case, kind, message=message, type=check.status)
    measured = Metric(check.value, check.low, check.high, 0, 0)
    found.text = (
        f"value {number(check.value)}\ninterval {interval(measured)}\nthreshold {bounds(check)}\n"
        f"status {shown_status(check)}"
    )


def _verdict(suite: ET.Element, judgement: Judgement, report: Report) -> None:
    verdict = judgement.verdict
    case = _new_case(suite, "verdict", "deployable")
    if not verdict.deployable:
        kind = "error" if verdict.outcome == "error" else "failure"
        found = ET.SubElement(case, kind, message=_clean(verdict.reasons[0]), type=verdict.outcome)
        found.text = _clean("\n".join(explained(judgement)))
    told = [
        decided_by(report),
        *known_lines(report),
        f"diagnosis: {judgement.diagnosis.sentence}",
        *(f"warning: {line}" for line in verdict.warnings),
        *verdict.waivers,
        *(f"remark: {line}" for line in verdict.remarks),
    ]
    ET.SubElement(suite, "system-out").text = _clean("\n".join(told))


def _written(root: ET.Element) -> str:
    totals = dict.fromkeys(("tests", "failures", "errors"), 0)
    for suite in root:
        counts = {
            "tests": len(suite.findall("testcase")),
            "failures": len(suite.findall("testcase/failure")),
            "errors": len(suite.findall("testcase/error")),
            "skipped": len(suite.findall("testcase/skipped")),
        }
        for name, count in counts.items():
            suite.set(name, str(count))
        suite.set("time", "0")
        totals = {name: total + counts[name] for name, total in totals.items()}
    for name, total in totals.items():
        root.set(name, str(total))
    ET.indent(root)
    text = harmless_xml(ET.tostring(root, encoding="unicode"))
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
