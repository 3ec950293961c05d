"""The context engine: a cluster that a teacher names by a context of a kubeconfig, and never another.

``up`` copies that one context, with its cluster and user, into a kubeconfig of k8slearn's own, after asking the
cluster what it allows. Nothing is made by this engine; lessons make their own namespaces, or share the one that
``--namespace`` names.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from k8slearn import paths
from k8slearn.engines import kubectl, quota, shared_namespace
from k8slearn.engines.cluster import Cluster
from k8slearn.engines.engine import Engine, Progress, Status, Wish, current_context
from k8slearn.engines.files import write_private
from k8slearn.errors import ClusterError

NEEDED = (
    ("", "pods", ("create", "delete", "get", "list", "patch", "watch")),
    ("", "pods/log", ("get",)),
    ("", "pods/exec", ("create",)),
    ("", "services", ("create", "delete", "list")),
    ("", "configmaps", ("create", "delete")),
    ("", "events", ("list",)),
    ("apps", "deployments", ("create", "delete", "get", "list", "patch")),
    ("apps", "replicasets", ("list",)),
)
"""What every lesson does: API group, resource, verbs. The role ``edit`` of Kubernetes allows all of it."""

NEIGHBOUR = "shop"
"""Lesson 3 is about two teams: the second one's namespace is called as the lesson's with this behind it."""


class NamedContext(Engine):
    name = "context"
    powers = frozenset()
    options = frozenset({"context", "namespace", "kubeconfig"})

    def __init__(self) -> None:
        self._folder = paths.home() / "context"
        self._kubeconfig = self._folder / "kubeconfig"

    def up(self, wish: Wish, progress: Progress) -> Status:
        paths.cluster_folder("context")
        before = self._settings()
        settings = {
            "context": wish.context or before.get("context"),
            "namespace": wish.namespace if wish.context else wish.namespace or before.get("namespace"),
        }
        if wish.context or not before:
            text = _only(settings["context"], wish.kubeconfig)
        else:
            text = self._kubeconfig.read_text()
        config = yaml.safe_load(text)
        if settings["namespace"]:
            current_context(config, self._kubeconfig)["context"]["namespace"] = settings["namespace"]
        # Checked in a file beside it, so that a refused context is never in use.
        tried = self._folder / "tried"
        write_private(tried, yaml.safe_dump(config, sort_keys=False))
        try:
            progress.say(f"Asking {settings['context']} what it allows")
            _check(Cluster.at(tried), settings, before == settings, progress)
        except ClusterError:
            tried.unlink()
            raise
        tried.replace(self._kubeconfig)
        write_private(self._folder / "context.json", json.dumps(settings))
        return self._status()

    def down(self, *, keep: bool = False) -> str:
        settings = self._settings()
        if not settings:
            return "No context was in use."
        if keep:
            return f"The context {settings['context']} is as it was: k8slearn does not run its cluster."
        for name in ("context.json", "kubeconfig"):
            (self._folder / name).unlink(missing_ok=True)
        made = (
            f"the namespace {settings['namespace']}" if settings["namespace"] else "the namespaces lesson-…"
        )
        return (
            f"The context {settings['context']} is no longer used. Its cluster was left as it is: "
            f"what lessons made there is in {made}."
        )

    def status(self) -> Status | None:
        return self._status() if self._settings() else None

    def kubeconfig(self) -> Path:
        if not self._settings():
            raise ClusterError(
                "No context is in use. Name one: k8slearn up --engine context --context NAME [--namespace NS]"
            )
        return self._kubeconfig

    @property
    def namespace(self) -> str | None:
        return self._settings().get("namespace")

    def work_in(self, namespace: str) -> None:
        if self.namespace is None:
            super().work_in(namespace)

    def _status(self) -> Status:
        settings = self._settings()
        config = yaml.safe_load(self._kubeconfig.read_text())
        url = config["clusters"][0]["cluster"]["server"]
        where = (
            f"in the namespace {settings['namespace']}" if settings["namespace"] else "a namespace per lesson"
        )
        problem = "" if _answers(self._kubeconfig) else f"{url} does not answer. Is this machine online?"
        return Status(
            engine=self.name,
            sentence=f"The context {settings['context']} is in use: {url}, {where}",
            kubeconfig=str(self._kubeconfig),
            url=url,
            problem=problem,
            more=settings,
        )

    def _settings(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            return json.loads((self._folder / "context.json").read_text())
        return {}


def _only(context: str | None, kubeconfig: str | None) -> str:
    """A kubeconfig with that context alone, its certificates in it. Raises ClusterError when there is none."""
    file = ["--kubeconfig", kubeconfig] if kubeconfig else []
    if context is None:
        raise ClusterError(
            "The context engine needs the name of a context: k8slearn up --engine context --context NAME. "
            f"There are: {_contexts(file)}"
        )
    command = [
        kubectl.find(),
        "config",
        "view",
        "--raw",
        "--minify",
        "--flatten",
        "--context",
        context,
        *file,
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise ClusterError(
            f"The context {context} cannot be used: {done.stderr.strip()} There are: {_contexts(file)}"
        )
    return done.stdout


def _contexts(file: list[str]) -> str:
    command = [kubectl.find(), "config", "get-contexts", "-o", "name", *file]
    names = subprocess.run(command, capture_output=True, text=True).stdout.split()
    looked = file[-1] if file else os.environ.get("KUBECONFIG", "~/.kube/config")
    return f"{', '.join(names) or 'none'} (in {looked})"


def _answers(kubeconfig: Path) -> bool:
    from kubernetes import client
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    try:
        client.VersionApi(Cluster.at(kubeconfig).api_client).get_code(_request_timeout=5)
    except (ApiException, HTTPError, ClusterError, OSError):
        return False
    return True


def _check(cluster: Cluster, settings: dict[str, Any], known: bool, progress: Progress) -> None:
    """Raises ClusterError when the cluster does not answer, allows too little, has no room, or the namespace
    holds things that no lesson made."""
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    context, namespace = settings["context"], settings["namespace"]
    try:
        refused = list(_refused(cluster, namespace))
        room = quota.room(cluster, namespace) if namespace and not refused else []
    except (ApiException, HTTPError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise ClusterError(
            f"The cluster of the context {context} does not answer as it must: {reason}. "
            f"Try: kubectl --context {context} version"
        ) from error
    if refused:
        where = f"in the namespace {namespace}" if namespace else "in namespaces of its own"
        raise ClusterError(
            f"The context {context} may not do {where} what lessons need: {', '.join(refused)}. Ask whoever runs the "
            "cluster for the role edit in a namespace of yours, and name that with --namespace."
        )
    for note in room:
        progress.note(note)
    if namespace and not _allowed(cluster, "create", "pods", namespace=f"{namespace}-{NEIGHBOUR}"):
        progress.note(
            f"Lesson 3 works in the namespace {namespace}-{NEIGHBOUR}, too, where this account may do nothing. For "
            "that lesson, ask whoever runs the cluster to make it, with the role edit in it."
        )
    if namespace and not known and (others := shared_namespace.contents(cluster, namespace)):
        raise ClusterError(
            f"The namespace {namespace} holds things already, and lesson.reset() would delete them: "
            f"{', '.join(others[:5])}{' …' if len(others) > 5 else ''}. Name an empty one."
        )


def _refused(cluster: Cluster, namespace: str | None) -> Iterator[str]:
    """What ``kubectl auth can-i`` would say no to."""
    for group, resource, verbs in NEEDED:
        for verb in verbs:
            if not _allowed(cluster, verb, resource, group, namespace or ""):
                yield f"{verb} {resource}"
    if namespace is None:
        for verb in ("create", "delete"):
            if not _allowed(cluster, verb, "namespaces"):
                yield f"{verb} namespaces"


def _allowed(cluster: Cluster, verb: str, resource: str, group: str = "", namespace: str = "") -> bool:
    from kubernetes import client

    resource, _, subresource = resource.partition("/")
    attributes = {"verb": verb, "resource": resource, "group": group, "namespace": namespace}
    if subresource:
        attributes["subresource"] = subresource
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer: Any = client.AuthorizationV1Api(cluster.api_client).create_self_subject_access_review(
        review,  # type: ignore[arg-type]  # the client takes the API's own JSON as well
        _request_timeout=15,
    )
    return bool(answer.status.allowed)
