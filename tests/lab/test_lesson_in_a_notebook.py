"""``k8slearn.start`` in an IPython shell: the lesson, its magics and its map, on a served cluster."""

from __future__ import annotations

import pytest

import k8slearn

POD = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: c, image: "nginx:1.29"}]}
"""


@pytest.fixture
def lesson(shell, monkeypatch, tmp_path):
    monkeypatch.setenv("K8SLEARN_HOME", str(tmp_path))
    with k8slearn.embedded(nodes=2) as cluster:
        cluster.serve()
        monkeypatch.setenv("K8SLEARN_KUBECONFIG", str(cluster.kubeconfig))
        yield k8slearn.start(1)


def test_the_magics_and_the_map_work_in_the_lesson_s_namespace(lesson, shell, capsys):
    shell.run_cell_magic("apply", "", POD)
    shell.run_line_magic("kubectl", "get pods -o name")
    out, err = capsys.readouterr()
    assert (out, err) == ("pod/web created\npod/web\n", "")
    assert lesson.cluster.core.read_namespaced_pod("web", lesson.namespace)
    with lesson.map() as view:
        assert "web: " in view.svg()
