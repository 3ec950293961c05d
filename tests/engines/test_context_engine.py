"""A cluster that a teacher names by a context: that one and no other, as far as it allows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import k8slearn
from k8slearn import engines
from k8slearn.course import Lesson
from k8slearn.engines import Cluster
from k8slearn.engines.engine import Wish
from k8slearn.errors import ClusterError, UnsupportedError


class Teacher:
    """A cluster with the namespace ``team``, and a kubeconfig in which it is one of two contexts."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self.kubeconfig = folder / "theirs.yaml"
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        config["contexts"][0]["name"] = "school"
        config["clusters"].append({"name": "prod", "cluster": {"server": "https://127.0.0.1:1"}})
        config["contexts"].append({"name": "prod", "context": {"cluster": "prod", "user": "nobody"}})
        config["current-context"] = "prod"
        self.kubeconfig.write_text(yaml.safe_dump(config))
        self.noted: list[str] = []
        self.kubectl("create", "namespace", "team")

    def kubectl(self, *words: str, input: str | None = None) -> str:
        done = self.cluster.kubectl(*words, input=input)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def give(self, role: str, namespace: str = "team") -> None:
        """Let the context ``learner`` be an account with ``role`` in a namespace."""
        self.kubectl("create", "serviceaccount", "learner", "-n", namespace)
        account = f"--serviceaccount={namespace}:learner"
        self.kubectl("create", "rolebinding", "learner", f"--clusterrole={role}", account, "-n", namespace)
        token = self.kubectl("create", "token", "learner", "-n", namespace).strip()
        config = yaml.safe_load(self.kubeconfig.read_text())
        config["users"].append({"name": "learner", "user": {"token": token}})
        cluster = config["clusters"][0]["name"]
        config["contexts"].append({"name": "learner", "context": {"cluster": cluster, "user": "learner"}})
        self.kubeconfig.write_text(yaml.safe_dump(config))

    def up(self, context: str | None, namespace: str | None = None) -> Any:
        wish = Wish(context=context, namespace=namespace, kubeconfig=str(self.kubeconfig))
        return engines.up("context", wish, self)

    def say(self, text: str) -> None: ...

    def note(self, text: str) -> None:
        self.noted.append(text)


@pytest.fixture
def teacher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Teacher]:
    monkeypatch.setenv("K8SLEARN_HOME", str(tmp_path / "home"))
    for name in ("K8SLEARN_KUBECONFIG", "K8SLEARN_ENGINE"):
        monkeypatch.delenv(name, raising=False)
    with k8slearn.embedded(nodes=2, seed=1) as simulated:
        yield Teacher(Cluster.of(simulated), tmp_path)


def test_the_named_context_is_used_and_no_other_is_even_known(teacher: Teacher, tmp_path: Path):
    before = teacher.kubeconfig.read_bytes()
    found = teacher.up("school")
    assert "school" in found.sentence and not found.problem
    config = yaml.safe_load(engines.kubeconfig().read_text())
    assert [one["name"] for one in config["contexts"]] == ["school"]
    assert engines.kubeconfig().is_relative_to(tmp_path / "home")
    assert teacher.kubeconfig.read_bytes() == before
    assert engines.current().name == "context"


def test_without_a_name_nothing_is_chosen(teacher: Teacher):
    with pytest.raises(ClusterError, match=r"needs the name of a context.*There are: .*school"):
        teacher.up(None)
    with pytest.raises(ClusterError, match=r"context nowhere cannot be used.*There are: .*school"):
        teacher.up("nowhere")
    assert engines.current("context").status() is None


def test_a_cluster_that_does_not_answer_is_told(teacher: Teacher):
    with pytest.raises(ClusterError, match="prod"):
        teacher.up("prod")
    assert engines.current("context").status() is None
    assert engines.current().name == "embedded"


def test_with_a_namespace_all_lessons_share_it_and_need_nothing_outside(teacher: Teacher):
    teacher.give("edit")
    teacher.up("learner", "team")
    lesson = Lesson("pods", engines.connect())
    assert lesson.namespace == "team"
    done = lesson.cluster.kubectl("run", "model", "--image=nginx:1.29", namespace="team")
    assert done.returncode == 0, done.stderr
    teacher.cluster.clock.settle()
    assert lesson.check("serve").passed
    lesson.reset()
    teacher.cluster.clock.settle()
    assert teacher.kubectl("get", "pods", "-n", "team", "-o", "name") == ""
    assert "namespace/team" in teacher.kubectl("get", "namespaces", "-o", "name")


def test_who_may_too_little_is_told_what_and_whom_to_ask(teacher: Teacher):
    teacher.give("view")
    with pytest.raises(ClusterError, match=r"may not do in the namespace team.*create pods.*the role edit"):
        teacher.up("learner", "team")


def test_who_may_make_no_namespaces_is_told_to_name_one(teacher: Teacher):
    teacher.give("edit")
    with pytest.raises(ClusterError, match=r"create namespaces.*name that with --namespace"):
        teacher.up("learner")


def test_a_namespace_with_things_in_it_is_refused_and_left_alone(teacher: Teacher):
    teacher.kubectl("create", "configmap", "precious", "-n", "team")
    with pytest.raises(ClusterError, match=r"holds things already.*configmap/precious.*Name an empty one"):
        teacher.up("school", "team")


def test_up_again_goes_on_with_what_lessons_have_made(teacher: Teacher):
    teacher.up("school", "team")
    teacher.kubectl("create", "configmap", "of-a-lesson", "-n", "team")
    assert not teacher.up("school", "team").problem
    assert not engines.up("context", Wish(), teacher).problem


def test_a_tight_quota_is_told_and_a_full_one_refused(teacher: Teacher):
    teacher.kubectl("create", "quota", "small", "--hard=pods=3,requests.cpu=2", "-n", "team")
    teacher.cluster.clock.settle()
    teacher.up("school", "team")
    assert any("leaves room for 3 pods" in note for note in teacher.noted)
    assert any("Ask for a LimitRange" in note for note in teacher.noted)
    engines.down(None, keep=False)
    teacher.kubectl("delete", "quota", "small", "-n", "team")
    teacher.kubectl("create", "quota", "none", "--hard=pods=0", "-n", "team")
    teacher.cluster.clock.settle()
    with pytest.raises(ClusterError, match=r"The quota none .* allows no pod more"):
        teacher.up("school", "team")


def test_a_neighbour_s_namespace_that_is_not_given_is_told(teacher: Teacher):
    teacher.give("edit")
    teacher.up("learner", "team")
    assert any("Lesson 3 works in the namespace team-shop, too" in note for note in teacher.noted)


def test_down_forgets_the_context_and_touches_nothing(teacher: Teacher):
    teacher.up("school", "team")
    teacher.kubectl("create", "configmap", "of-a-lesson", "-n", "team")
    assert "in the namespace team" in engines.down(None, keep=False)
    assert engines.current("context").status() is None
    assert "of-a-lesson" in teacher.kubectl("get", "configmaps", "-n", "team")


def test_nodes_do_not_crash_by_order(teacher: Teacher):
    teacher.up("school")
    with pytest.raises(UnsupportedError, match="no power over nodes"):
        engines.current().nodes()


def test_a_note_that_is_damaged_counts_as_none(teacher: Teacher, tmp_path: Path):
    teacher.up("school")
    (tmp_path / "home" / "context" / "context.json").write_text(json.dumps("half")[:2])
    assert engines.current("context").status() is None
