"""Of a notebook only ids and sources matter; what is no notebook has a reason that a learner can act on."""

from __future__ import annotations

import json

import pytest

from k8slearn.errors import SubmissionError
from k8slearn.grading.notebook import Cell, Notebook, lesson_of, parse


def notebook(*cells: object, **metadata: object) -> Notebook:
    return parse(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4}).encode())


def code(name: object, source: object, **more: object) -> dict[str, object]:
    return {"id": name, "cell_type": "code", "source": source, "outputs": [], "metadata": {}, **more}


def test_sources_are_read_as_text_or_as_lines():
    read = notebook(code("answer-x", "a = 1"), code("answer-y", ["b = 1\n", "c = 2"]))
    assert read.cells == (Cell("answer-x", True, "a = 1"), Cell("answer-y", True, "b = 1\nc = 2"))


def test_odd_outputs_tags_counts_ids_and_numbers_do_not_matter():
    odd = code(7, "x", outputs=float("nan"), metadata=[], execution_count="many")
    assert notebook(odd, k8slearn="odd") == Notebook(None, None, (Cell("", True, "x"),))


def test_an_answer_is_known_by_nbgraders_name_where_a_tool_made_the_ids_anew():
    cell = code("3f9a", "x", metadata={"nbgrader": {"grade_id": "answer-serve", "solution": True}})
    other = code("setup", "x", metadata={"nbgrader": {"grade_id": 7}})
    assert [cell.id for cell in notebook(cell, other).cells] == ["answer-serve", "setup"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_whatever_says_its_encoding_is_read(encoding: str):
    assert parse('{"cells": [{"source": "中"}]}'.encode(encoding)).cells[0].source == "中"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"{\n broken", "line 2"),
        (b'{"cells": [', "breaks off"),
        (b"\xff\xfe\xff", "UTF-8|breaks off"),
        (b"\x80abc", "UTF-8"),
        ('{"cells": [{"source": "中"}]}'.encode("gbk"), "UTF-8"),
        (b"[]", "no list of cells"),
        (b"null", "no list of cells"),
        (b"NaN", "no list of cells"),
        (b'{"worksheets": []}', "no list of cells"),
        (b'{"cells": {}}', "no list of cells"),
        (b'{"cells": [1]}', "Cell 1 has no source"),
        (b'{"cells": [{"source": NaN}]}', "Cell 1 has no source"),
        (b'{"cells": [{"source": "x"}, {"source": [1]}]}', "Cell 2 has no source"),
        (b"[" * 200_000, "nested"),
        (b'{"cells": ' + b"9" * 10_000 + b"}", "absurd numbers"),
        (b'{"cells": [' + b'{"source": ""},' * 6_000 + b'{"source": ""}]}', "more than 5000 cells"),
    ],
)
def test_what_is_no_notebook_has_a_reason(content: bytes, reason: str):
    with pytest.raises(SubmissionError, match=reason):
        parse(content)


KNOWN = ["01-pods", "02-deployments"]


@pytest.mark.parametrize(
    ("metadata", "name", "lesson"),
    [
        ({"k8slearn": {"lesson": "02-deployments"}}, "alice", "02-deployments"),
        ({"k8slearn": {"lesson": "02-deployments"}}, "01-pods", "02-deployments"),
        ({}, "01-pods", "01-pods"),
        ({}, "alice_01-pods (1)", "01-pods"),
        ({"k8slearn": "odd"}, "01-pods", "01-pods"),
    ],
)
def test_the_lesson_is_what_the_metadata_says_else_the_file_name(metadata, name, lesson):
    assert lesson_of(notebook(**metadata), name, KNOWN) == lesson


@pytest.mark.parametrize(
    ("metadata", "name"),
    [({}, "alice"), ({"k8slearn": {"lesson": "99-none"}}, "01-pods"), ({}, "01-pods and 02-deployments")],
)
def test_an_unknown_lesson_is_said_so(metadata, name):
    with pytest.raises(SubmissionError, match="01-pods, 02-deployments"):
        lesson_of(notebook(**metadata), name, KNOWN)
