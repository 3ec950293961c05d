from __future__ import annotations

import pytest

from k8slearn.course.loader import find, folders
from k8slearn.errors import LessonError


@pytest.mark.parametrize("name", ["01-pods", "pods", "1", "01", 1])
def test_a_lesson_is_found_by_name_and_number(name: str | int):
    assert find(name).id == "01-pods"


def test_an_unknown_lesson_is_answered_with_those_there_are():
    with pytest.raises(LessonError, match=r"no lesson 'podds'.*01-pods, 02-deployments"):
        find("podds")


def test_lessons_come_in_order():
    numbers = [folder.number for folder in folders()]
    assert numbers == sorted(numbers)


def test_a_language_that_a_lesson_lacks_falls_back_to_english():
    assert find("pods").language("xx") == "en"
