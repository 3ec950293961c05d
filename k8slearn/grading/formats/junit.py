"""junit.xml, as CI reads it: a suite a submission, a case an exercise, its points as properties."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

from k8slearn.grading.formats.text import said
from k8slearn.grading.outcome import Mark, Outcome, Status

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(outcomes: Iterable[Outcome]) -> str:
    """The cases have the lesson as ``classname``. A run that came to no mark is one case, in error."""
    root = ET.Element("testsuites", name="k8slearn")
    for outcome in outcomes:
        _suite(root, outcome)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: ET.Element, outcome: Outcome) -> None:
    suite = ET.SubElement(
        root,
        "testsuite",
        name=_xml(outcome.name),
        tests=str(len(outcome.marks) or 1),
        failures=str(sum(not mark.passed for mark in outcome.marks)),
        errors=str(int(not outcome.marks)),
        time=f"{outcome.seconds:.3f}",
    )
    for mark in outcome.marks:
        _case(suite, outcome, mark)
    if not outcome.marks:
        name = outcome.status.value
        case = ET.SubElement(suite, "testcase", classname=_xml(outcome.lesson or "k8slearn"), name=name)
        ET.SubElement(case, "error", message=_xml(outcome.detail))
    elif outcome.status is not Status.GRADED:
        ET.SubElement(suite, "system-err").text = _xml(f"{outcome.status.value}: {outcome.detail}")


def _case(suite: ET.Element, outcome: Outcome, mark: Mark) -> None:
    case = ET.SubElement(suite, "testcase", classname=_xml(outcome.lesson), name=_xml(mark.exercise))
    properties = ET.SubElement(case, "properties")
    for name, value in (("points", mark.points), ("max_points", mark.max_points)):
        ET.SubElement(properties, "property", name=name, value=f"{value:g}")
    if not mark.passed:
        message = f"{mark.points:g} of {mark.max_points:g} points"
        ET.SubElement(case, "failure", message=message).text = _xml(said(mark, outcome.lang))


def _xml(text: str) -> str:
    """``text`` without the characters that XML 1.0 has no way to write."""
    return _NOT_XML.sub("\ufffd", text)
