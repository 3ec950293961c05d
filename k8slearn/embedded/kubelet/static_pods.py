"""Static pods: what a kubelet runs by itself, from manifests on its node, and their mirrors in the API.

Upstream: pkg/kubelet/config/file.go and pkg/kubelet/pod/mirror_client.go. A mirror can be seen, and nothing else:
whoever deletes it gets a new one, and the containers run on.
https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import orjson

from k8slearn.embedded.apiserver.admission.service_account import MIRROR
from k8slearn.embedded.client import Key, Object
from k8slearn.embedded.kubelet.host import Host


class StaticPods:
    """The pods of one node's ``manifests``; each is named after the manifest and the node: etcd-control-plane."""

    def __init__(self, host: Host, manifests: Sequence[Object]) -> None:
        self._host = host
        self._pods = {}
        for manifest in manifests:
            pod = self._as_run(manifest)
            self._pods[Key(pod["metadata"]["namespace"], pod["metadata"]["name"])] = pod

    def __iter__(self) -> Iterator[Key]:
        return iter(self._pods)

    def __contains__(self, key: Key) -> bool:
        return key in self._pods

    def mirror(self, key: Key) -> Object | None:
        """The pod as the API has it, made anew when somebody has deleted it; None while the Node is missing."""
        client = self._host.client
        pod = client.get("pods", *key)
        if pod is not None and "deletionTimestamp" in pod["metadata"]:
            client.delete("pods", pod, grace_seconds=0, why="it mirrors a static pod, which runs on")
            pod = None
        node = client.get("nodes", "", self._host.name)
        if pod is not None or node is None:
            return pod
        pod = self._pods[key]
        owner = {
            "apiVersion": "v1",
            "controller": True,
            "kind": "Node",
            "name": self._host.name,
            "uid": node["metadata"]["uid"],
        }
        mirror = {**pod, "metadata": {**pod["metadata"], "ownerReferences": [owner]}}
        return client.create("pods", mirror, why="it mirrors a static pod, which runs already")

    def _as_run(self, manifest: Object) -> Object:
        metadata, spec = manifest["metadata"], manifest["spec"]
        annotations = {
            **metadata.get("annotations", {}),
            "kubernetes.io/config.hash": (hash := hashlib.md5(orjson.dumps(manifest)).hexdigest()),
            MIRROR: hash,
            "kubernetes.io/config.seen": self._host.clock.micro_timestamp(),
            "kubernetes.io/config.source": "file",
        }
        name = f"{metadata['name']}-{self._host.name}"
        tolerations = [*spec.get("tolerations", ()), {"effect": "NoExecute", "operator": "Exists"}]
        return {
            "metadata": {**metadata, "name": name, "annotations": annotations},
            "spec": {**spec, "nodeName": self._host.name, "tolerations": tolerations},
        }
