"""JSON: grades.json (grades.schema.json beside this module says what is in it) and Gradescope's results.json."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from k8slearn.grading.formats.text import headline, said
from k8slearn.grading.outcome import Outcome


def grades(outcomes: Iterable[Outcome]) -> str:
    """All outcomes, with their sums and without their pictures."""
    return _json([_outcome(one) for one in outcomes])


def _outcome(outcome: Outcome) -> dict[str, Any]:
    ran = bool(outcome.marks)
    kept = {name: value for name, value in asdict(outcome).items() if name != "view"}
    return {
        **kept,
        "points": outcome.points if ran else None,
        "score": outcome.score if ran else None,
        "max_points": outcome.max_points if ran else None,
    }


def gradescope(outcomes: Iterable[Outcome]) -> str:
    """Gradescope's results.json on all that one learner handed in.

    Without a run it has no score, so that Gradescope shows an error, not 0.
    """
    found = list(outcomes)
    tests = [
        {
            "name": f"{one.lesson}: {mark.title}",
            "score": mark.points,
            "max_score": mark.max_points,
            "status": "passed" if mark.passed else "failed",
            "output": said(mark, one.lang),
            "visibility": "visible",
        }
        for one in found
        for mark in one.marks
    ]
    result: dict[str, Any] = {
        "output": "\n".join(filter(None, map(headline, found))),
        "execution_time": sum(one.seconds for one in found),
        "tests": tests,
    }
    return _json({"score": sum(one.score for one in found), **result} if tests else result)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
