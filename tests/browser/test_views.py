"""Every view in Chromium, on its story: what moves, what can be gone back to, what hands and ears can do."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from k8slearn.lab.views.pictures import picture
from k8slearn.lab.views.store import Changes
from k8slearn.lab.views.trafficdrawing import DOTS
from tools.gallery.stage import BROWSER_FLAGS, Stage
from tools.gallery.stories import STORIES, recorded

pytestmark = pytest.mark.browser

PLACES = """() => Object.fromEntries(
  [...document.querySelectorAll('.k8s-pod[aria-label]')].map(
    pod => [pod.getAttribute('aria-label').split(':')[0], pod.getAttribute('transform')]))"""
SEEK = "([slider, at]) => { slider.value = at; slider.dispatchEvent(new Event('input')) }"
PICTURE = "() => document.querySelector('.k8s-view > svg').outerHTML.replace(/ tabindex=\"-?\\d\"/g, '')"


@pytest.fixture(scope="module")
def chromium_browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=BROWSER_FLAGS)
        yield browser
        browser.close()


class Clock:
    """A clock whose steps the test knows."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def show(self) -> dict[str, Any]:
        return {"paused": True}

    def do(self, what: str) -> dict[str, Any]:
        self.asked.append(what)
        return {"paused": what != "resume", "told": ["deployment-controller creates ReplicaSet web-1"]}


@pytest.fixture
def rollout(chromium_browser: Any) -> Iterator[Stage]:
    shown, batches = recorded("rollout")
    stage = Stage(chromium_browser, shown, clock=Clock(), reduced_motion="reduce")
    for batch in batches:
        stage.feed.listener(batch)
    yield stage
    assert stage.errors == []
    stage.close()


@pytest.mark.parametrize("name", STORIES)
def test_a_view_follows_its_story_and_the_slider_leads_back_to_every_moment(
    chromium_browser: Any, name: str
) -> None:
    shown, batches = recorded(name)
    stage = Stage(chromium_browser, shown, reduced_motion="reduce")
    page = stage.page
    seen = [page.evaluate(PICTURE)]
    for batch in batches[:12]:
        before = len(stage.view._history.frames)
        stage.feed.listener(batch)
        if len(stage.view._history.frames) > before:
            seen.append(page.evaluate(PICTURE))
    slider = page.locator("input[type=range]")
    assert int(slider.get_attribute("max")) == len(seen) - 1 > 0
    for at in (0, len(seen) // 2, len(seen) - 1):
        page.evaluate(SEEK, [slider.element_handle(), at])
        assert same(page.evaluate(PICTURE), seen[at]), f"moment {at} of {name}"
    assert stage.errors == []
    stage.close()


def same(one: str, other: str) -> bool:
    """The same elements, in whatever order those beside each other were added."""
    return sorted(one.replace("</", "\n</").split("<")) == sorted(other.replace("</", "\n</").split("<"))


@pytest.mark.parametrize("name", ["map", "rollout"])
def test_living_pods_never_move(chromium_browser: Any, name: str) -> None:
    shown, batches = recorded(name)
    stage = Stage(chromium_browser, shown, reduced_motion="reduce")
    places: dict[str, str] = {}
    for batch in batches:
        stage.feed.listener(batch)
        now = stage.page.evaluate(PLACES)
        waiting = {pod.name for pod in shown.state.pods.values() if not getattr(pod, "node", "somewhere")}
        moved = {pod for pod, place in now.items() if places.get(pod, place) != place}
        assert moved == set()
        places = {pod: place for pod, place in now.items() if pod not in waiting}
    assert len(places) >= 4
    stage.close()


def test_what_is_selected_tells_its_story_and_the_command_and_says_when_it_is_gone(rollout: Stage) -> None:
    page = rollout.page
    pod = page.locator('.k8s-pod[aria-label$="Ready"]').first
    name = pod.get_attribute("aria-label").split(":")[0]
    pod.click()
    detail = page.locator(".k8s-detail")
    assert f"kubectl describe pod/{name} --namespace shop" in detail.inner_text()
    assert "k8slearn/app" in detail.inner_text()
    assert pod.get_attribute("aria-pressed") == "true"
    uid = next(uid for uid, one in rollout.view._picture.state.pods.items() if one.name == name)
    rollout.tell(pods={uid: None})
    assert "is gone" in detail.inner_text()
    detail.get_by_role("button", name="close").click()
    assert detail.is_hidden()


def test_a_selection_is_one_in_all_views_of_the_page(chromium_browser: Any) -> None:
    shown, batches = recorded("rollout")
    stage = Stage(chromium_browser, shown, places=2)
    for batch in batches:
        stage.feed.listener(batch)
    stage.page.locator(".k8s-revision").first.focus()
    stage.page.keyboard.press("Enter")
    assert stage.page.locator(".k8s-selected").count() == 2
    stage.close()


def test_step_shows_the_trace_s_sentence_beside_the_picture(rollout: Stage) -> None:
    rollout.page.get_by_role("button", name="step").click()
    asked = rollout.page.evaluate("window.sent.at(-1)")
    rollout.view._handle_custom_msg(asked, [])
    assert rollout.page.locator(".k8s-note").inner_text() == "deployment-controller creates ReplicaSet web-1"
    rollout.page.get_by_role("button", name="one change back").click()
    assert rollout.page.locator(".k8s-note").is_hidden()


def test_the_table_says_what_the_picture_shows(rollout: Stage) -> None:
    rollout.page.get_by_role("button", name="table").click()
    rows = rollout.page.locator("tbody tr")
    assert rows.count() == rollout.page.locator("svg [tabindex]").count()
    assert "k8slearn/app:1.1" in rollout.page.locator("table").inner_text()
    rollout.page.get_by_role("button", name="table").click()
    assert rollout.page.locator(".k8s-view > svg").is_visible()


def test_a_pinned_view_stays_in_sight(rollout: Stage) -> None:
    rollout.page.evaluate("document.querySelector('main').style.height = '4000px'")
    rollout.page.get_by_role("button", name="pin").click()
    rollout.page.mouse.wheel(0, 2000)
    box = rollout.page.locator(".k8s-view").bounding_box()
    assert 0 <= box["y"] < 900
    rollout.page.get_by_role("button", name="pin").click()
    assert rollout.page.evaluate("document.querySelector('.place .k8s-view') !== null")


def test_a_changed_state_is_said_politely(chromium_browser: Any) -> None:
    stage = Stage(chromium_browser, picture("rollout", "web", "shop", lang="en"))
    said = stage.page.get_by_role("status")
    assert said.get_attribute("aria-live") == "polite"
    stage.feed.listener(Changes({}, "HTTP 503"))
    assert "not live (HTTP 503)" in stage.page.locator("svg").text_content()
    stage.close()


def test_dots_are_the_requests_that_were_sent(chromium_browser: Any) -> None:
    shown, batches = recorded("traffic")
    stage = Stage(chromium_browser, shown)
    drawn, reports = [], 0
    for batch in batches:
        stage.feed.listener(batch)
        if shown.state.reports != reports:
            reports = shown.state.reports
            drawn.append((stage.page.locator(".k8s-dot").count(), shown.state.sent.total()))
    assert len(drawn) >= 8
    assert all(dots == sent for dots, sent in drawn if sent <= DOTS)
    assert all(dots < sent for dots, sent in drawn if sent > DOTS), (
        "the legend says for how many a dot stands"
    )
    assert sum(sent for _, sent in drawn) == sum(
        one.answered + one.failed for one in shown.state.clients.values()
    )
    assert shown.state.failures.keys() == {"timed out"}
    stage.close()


def as_listed(batches: list[Changes]) -> Changes:
    """All that a story ends with, in one batch."""
    objects: dict[str, dict[str, Any]] = {}
    for batch in batches:
        for kind, changed in batch.objects.items():
            objects.setdefault(kind, {}).update(changed)
    return Changes(objects)


def test_axe_finds_no_violation(chromium_browser: Any) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python"
    )
    for name, theme in zip(STORIES, itertools.cycle(["light", "dark"]), strict=False):
        shown, batches = recorded(name)
        stage = Stage(chromium_browser, shown, theme=theme, clock=Clock(), reduced_motion="reduce")
        stage.feed.listener(as_listed(batches))
        stage.page.locator("svg [role=button]").first.click()
        for _ in range(2):
            found = axe.Axe().run(stage.page)
            assert found.violations_count == 0, f"{name}: {found.generate_report()}"
            stage.page.get_by_role("button", name="table").click()
        stage.close()
