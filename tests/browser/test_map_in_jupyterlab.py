"""The cluster map in a real JupyterLab and a real Chromium, on an embedded cluster behind TLS."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import k8slearn
from k8slearn.engines.cluster import Cluster

pytestmark = pytest.mark.browser

SHOW = """
from kubernetes import config
from k8slearn.lab import view
picture = view.map(config.new_client_from_config({kubeconfig!r}), namespace="shop")
picture
"""
FREEZE = "picture.stop()"

WATCH_PODS = """() => {
  window.births = {};
  window.moves = [];
  const places = {};
  const look = () => {
    for (const pod of document.querySelectorAll('.k8s-pod')) {
      const key = pod.dataset.key, place = pod.getAttribute('transform');
      window.births[key] ??= performance.timeOrigin + performance.now();
      // The tray is where pods leave from; on its node a pod stays where it is.
      const waiting = Number(place.match(/,([\\d.]+)/)[1]) > window.trayTop;
      if (!waiting && places[key] && places[key] !== place) window.moves.push([key, places[key], place]);
      if (!waiting) places[key] = place;
    }
  };
  window.trayTop = Number(
    document.querySelector('[data-key="tray"]').getAttribute('transform').match(/,([\\d.]+)/)[1]);
  new MutationObserver(look).observe(document.querySelector('.k8s-scene'),
    {subtree: true, childList: true, attributes: true});
  look();
}"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with k8slearn.embedded(nodes=3) as embedded:
        embedded.serve()
        cluster = Cluster.at(embedded.kubeconfig)
        cluster.kubectl("create", "namespace", "shop")
        deployment("web", cluster)
        cluster.kubectl("rollout", "status", "deployment/web", namespace="shop", timeout=60)
        yield cluster


def deployment(name: str, cluster: Cluster, replicas: int = 3) -> None:
    made = cluster.kubectl(
        "create", "deployment", name, "--image=nginx:1.29", f"--replicas={replicas}", namespace="shop"
    )
    assert made.returncode == 0, made.stderr


def scale(cluster: Cluster, replicas: int) -> float:
    """Scale ``web`` and return the moment at which the API server had taken it."""
    cluster.apps.patch_namespaced_deployment_scale("web", "shop", {"spec": {"replicas": replicas}})
    return time.time() * 1000


def run_all(page: Any) -> None:
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")


def wait_for_pods(page: Any, number: int) -> None:
    page.wait_for_function(
        f"document.querySelectorAll('.k8s-pod').length === {number}", timeout=30_000, polling=50
    )


@pytest.fixture
def page(open_notebook: Callable[..., Any], cluster: Cluster) -> Any:
    """A notebook that shows the map of three pods."""
    scale(cluster, 3)
    page = open_notebook("map", [SHOW.format(kubeconfig=str(cluster.kubeconfig))])
    run_all(page)
    wait_for_pods(page, 3)
    return page


def test_scaled_pods_appear_within_300_ms_and_no_living_pod_moves(page: Any, cluster: Cluster) -> None:
    page.evaluate(WATCH_PODS)
    before = set(page.evaluate("Object.keys(window.births)"))
    scaled = scale(cluster, 8)
    wait_for_pods(page, 8)
    births = page.evaluate("window.births")
    delays = sorted(born - scaled for key, born in births.items() if key not in before)
    assert len(delays) == 5
    assert delays[0] < 300, f"the first new pod was painted after {delays[0]:.0f} ms"
    scale(cluster, 2)
    wait_for_pods(page, 2)
    scale(cluster, 6)
    wait_for_pods(page, 6)
    assert page.evaluate("window.moves") == []


def test_a_reloaded_page_shows_what_is_true_now(page: Any, cluster: Cluster) -> None:
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    scale(cluster, 5)
    wait_for_pods(page, 5)
    page.reload()
    wait_for_pods(page, 5)
    scale(cluster, 7)
    wait_for_pods(page, 7)


def test_a_pod_tells_its_story_to_the_keyboard(page: Any, cluster: Cluster) -> None:
    page.focus(".k8s-pod >> nth=0")
    story = page.locator(".k8s-story")
    story.wait_for(state="visible")
    assert "nginx:1.29" in story.inner_text()
    focused = "document.activeElement.dataset.key"
    first = page.evaluate(focused)
    for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    assert page.evaluate(focused) is not None, first
    page.keyboard.press("Escape")
    story.wait_for(state="hidden")


def test_a_stopped_view_becomes_a_picture(open_notebook: Callable[..., Any], cluster: Cluster) -> None:
    page = open_notebook("frozen", [SHOW.format(kubeconfig=str(cluster.kubeconfig)), FREEZE])
    run_all(page)
    picture = page.locator('img[src^="data:image/svg+xml"]')
    picture.wait_for(timeout=30_000)
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0, "no valid SVG"
    cell = page.locator(".jp-OutputArea-output").first.bounding_box()
    shown = picture.bounding_box()
    assert 500 < shown["width"] <= cell["width"], "it fills its cell and is not cut off"
    assert page.locator(".k8s-view").count() == 0


def test_hostile_words_stay_words(page: Any, cluster: Cluster) -> None:
    hostile = "<img src=x onerror=window.hacked=1>"
    pod = {
        "metadata": {"name": "hostile"},
        "spec": {"containers": [{"name": "c", "image": "busybox:1.37", "command": [hostile]}]},
    }
    cluster.core.create_namespaced_pod("shop", pod)
    try:
        broken = page.locator('[aria-label^="hostile: Failing"]')
        broken.wait_for(timeout=30_000)
        broken.focus()
        assert hostile in page.locator(".k8s-story").inner_text()
        assert page.evaluate("window.hacked") is None
    finally:
        cluster.core.delete_namespaced_pod("hostile", "shop", grace_period_seconds=0)
