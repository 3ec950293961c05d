"""Secrets of the type ``kubernetes.io/service-account-token``: filled with a token, gone with their account.

Upstream: ``pkg/controller/serviceaccount/tokens_controller.go``.
https://kubernetes.io/docs/concepts/security/service-accounts/#get-a-token
"""

from __future__ import annotations

import base64

from k8slearn.embedded.apiserver.authentication.service_accounts import (
    SECRET_ACCOUNT,
    SECRET_TYPE,
    secret_token,
)
from k8slearn.embedded.client import Change, Client, Controller, Key
from k8slearn.embedded.clock import Clock
from k8slearn.embedded.store import Object

UID = "kubernetes.io/service-account.uid"


class TokensController(Controller):
    """Reconciles Secrets. ``certificate`` is the cluster's authority's, in PEM, "" in a cluster without one."""

    name = "tokens-controller"
    resource = "secrets"

    def __init__(self, client: Client, clock: Clock, certificate: str) -> None:
        super().__init__(client, clock)
        self._certificate = certificate
        client.add_index("secrets", "service-account", _accounts)

    def start(self) -> None:
        self.client.watch("secrets", self._of_secret)
        self.watch("serviceaccounts", self._of_account)
        for secret in self.client.list("secrets"):
            if _accounts(secret):
                self.queue.add(Key(secret["metadata"]["namespace"], secret["metadata"]["name"]))

    def _of_secret(self, change: Change) -> None:
        if _accounts(change.object):
            self.queue.add(change.stored.key)

    def _of_account(self, change: Change) -> list[Key]:
        namespace, name = change.stored.key
        secrets = self.client.by_index("secrets", "service-account", f"{namespace}/{name}")
        return [Key(namespace, secret["metadata"]["name"]) for secret in secrets]

    def reconcile(self, key: Key) -> None:
        secret = self.client.get("secrets", *key)
        if secret is None or not _accounts(secret):
            return
        annotations = secret["metadata"]["annotations"]
        account = self.client.get("serviceaccounts", key.namespace, annotations[SECRET_ACCOUNT])
        if account is None or annotations.get(UID, account["metadata"]["uid"]) != account["metadata"]["uid"]:
            self.client.delete(
                "secrets", secret, why=f"there is no account {annotations[SECRET_ACCOUNT]} any more"
            )
            return
        if (filled := self._filled(secret, account)) != secret:
            self.client.update("secrets", filled, why=f"it keeps a token of {annotations[SECRET_ACCOUNT]}")

    def _filled(self, secret: Object, account: Object) -> Object:
        metadata, data = secret["metadata"], {**(secret.get("data") or {})}
        if self._certificate:
            data["ca.crt"] = _encoded(self._certificate)
        data.setdefault("namespace", _encoded(metadata["namespace"]))
        if not data.get("token"):
            data["token"] = _encoded(secret_token(self.client.registry, metadata["name"], account))
        annotations = {**metadata["annotations"], UID: account["metadata"]["uid"]}
        return {**secret, "metadata": {**metadata, "annotations": annotations}, "data": data}


def _accounts(secret: Object) -> list[str]:
    """``["default/bot"]`` for a Secret that keeps a token of that account, else nothing."""
    name = (secret["metadata"].get("annotations") or {}).get(SECRET_ACCOUNT)
    return [f"{secret['metadata']['namespace']}/{name}"] if name and secret["type"] == SECRET_TYPE else []


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
