"""A quiz in a real JupyterLab and a real Chromium, answered with the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

SHOW = """
%load_ext k8slearn.lab
from k8slearn.course.quiz import Option, Question, Quiz
from k8slearn.course.texts import load
both = Question("both", "Which **two** keep pods running?",
    (Option("The kubelet", True, "Containers."), Option("kubectl", False, "It has gone home."),
     Option("The `ReplicaSet`", True, "Pods.")))
one = Question("one", "Who restarts a container?",
    (Option("The ReplicaSet", False, "To it nothing is missing."), Option("The kubelet", True, "In the same pod.")))
Quiz("01-pods", "Pods", (both, one), load("en"))
"""


@pytest.fixture
def page(open_notebook: Callable[..., Any]) -> Any:
    page = open_notebook("quiz", [SHOW])
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_selector("fieldset button:enabled", timeout=30_000)
    return page


def question(page: Any, number: int) -> Any:
    return page.locator("fieldset").nth(number - 1)


def choose(page: Any, number: int, option: str) -> None:
    question(page, number).get_by_role("button", name=option).focus()
    page.keyboard.press("Enter")


def score(page: Any) -> str:
    return page.locator("[data-score]").inner_text()


def test_an_option_explains_itself_when_it_is_chosen_and_not_before(page: Any) -> None:
    assert "To it nothing is missing." not in question(page, 2).inner_text()
    choose(page, 2, "The ReplicaSet")
    assert "Not so. To it nothing is missing." in question(page, 2).inner_text()
    assert "In the same pod." not in question(page, 2).inner_text()


def test_the_first_choice_counts_and_all_right_options_are_wanted(page: Any) -> None:
    choose(page, 1, "The kubelet")
    assert score(page) == ""
    choose(page, 1, "The ReplicaSet")
    assert score(page) == "1 of 2 right at the first go"
    choose(page, 2, "The ReplicaSet")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert "Right. In the same pod." in question(page, 2).inner_text()
    assert score(page) == "1 of 2 right at the first go"


def test_in_a_saved_notebook_it_answers_without_a_kernel(page: Any) -> None:
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.reload()
    page.wait_for_selector("fieldset button:enabled", timeout=60_000)
    choose(page, 2, "The kubelet")
    assert "Right. In the same pod." in question(page, 2).inner_text()
