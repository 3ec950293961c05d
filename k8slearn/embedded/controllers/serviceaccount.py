"""Two things that every namespace gets: the ServiceAccount ``default`` and the cluster's CA certificate.

Upstream: ``pkg/controller/serviceaccount/serviceaccounts_controller.go`` and
``pkg/controller/certificates/rootcacertpublisher/publisher.go``. Both come back when they are deleted.
"""

from __future__ import annotations

from k8slearn.embedded.client import Change, Client, Controller, Key
from k8slearn.embedded.clock import Clock

ROOT_CA = "kube-root-ca.crt"

_DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such "
    "as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions "
    "of Kubernetes clusters."
)


class _InEveryNamespace(Controller):
    """Keeps one object of a fixed name in each namespace that is not being deleted."""

    resource = "namespaces"
    kept: str
    object_name: str

    def start(self) -> None:
        super().start()
        self.watch(self.kept, self._of_kept)

    def _of_kept(self, change: Change) -> list[Key]:
        key = change.stored.key
        return [Key("", key.namespace)] if key.name == self.object_name else []

    def reconcile(self, key: Key) -> None:
        namespace = self.client.get("namespaces", *key)
        if namespace is not None and "deletionTimestamp" not in namespace["metadata"]:
            self.keep(key.name)

    def keep(self, namespace: str) -> None:
        raise NotImplementedError


class ServiceAccountController(_InEveryNamespace):
    """Pods that name no ServiceAccount run as ``default``."""

    name = "serviceaccount-controller"
    kept = "serviceaccounts"
    object_name = "default"

    def keep(self, namespace: str) -> None:
        if self.client.get("serviceaccounts", namespace, "default") is None:
            account = {"metadata": {"name": "default", "namespace": namespace}}
            self.client.create("serviceaccounts", account, why="each namespace has one")


class RootCAPublisher(_InEveryNamespace):
    """Pods find in it what they need to trust the API server; ``certificate`` is the CA's, in PEM."""

    name = "root-ca-cert-publisher"
    kept = "configmaps"
    object_name = ROOT_CA

    def __init__(self, client: Client, clock: Clock, certificate: str) -> None:
        super().__init__(client, clock)
        self._data = {"ca.crt": certificate}

    def keep(self, namespace: str) -> None:
        current = self.client.get("configmaps", namespace, ROOT_CA)
        if current is None:
            metadata = {
                "name": ROOT_CA,
                "namespace": namespace,
                "annotations": {"kubernetes.io/description": _DESCRIPTION},
            }
            wanted = {"metadata": metadata, "data": self._data}
            self.client.create("configmaps", wanted, why="each namespace has one")
        elif current.get("data") != self._data:
            self.client.update("configmaps", {**current, "data": self._data}, why="its content was altered")
