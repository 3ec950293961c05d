"""The token of a pod's service account, as it stands in a projected volume. Upstream: ``pkg/kubelet/token``.

A real kubelet asks for it when the pod starts, and for a new one when 80 % of its life are over. Most programs
never read it, so here it is asked for when somebody does: as of the time when a real kubelet would have.
https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.kubelet.host import Host

Object = dict[str, Any]

RENEWED_AFTER = 0.8
"""Of a token's life."""

LONGEST = 24 * 3600
"""Seconds after which a token is renewed in any case."""


class PodToken:
    """The file's content. ``source`` is the volume's ``serviceAccountToken``."""

    def __init__(self, host: Host, pod: Object, source: Object) -> None:
        self._host = host
        self._pod = pod
        self._since = host.clock.now
        self._seconds: int = source["expirationSeconds"]
        self._audience: str = source.get("audience", "")
        self._issued = -1.0
        self._token = b""

    def __call__(self) -> bytes:
        """The token of now. The last one stays where there is no new one: its account is gone, or the pod."""
        period = min(RENEWED_AFTER * self._seconds, LONGEST)
        issued = self._since + (self._host.clock.now - self._since) // period * period
        if issued != self._issued:
            metadata = self._pod["metadata"]
            account = self._pod["spec"].get("serviceAccountName", "default")
            try:
                token = self._host.client.create_token(
                    metadata["namespace"], account, self._request(), issued=issued
                )
            except ApiError:
                return self._token
            self._issued, self._token = issued, token.encode()
        return self._token

    def _request(self) -> Object:
        metadata = self._pod["metadata"]
        pod = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
        audiences = [self._audience] if self._audience else []
        return {"spec": {"audiences": audiences, "expirationSeconds": self._seconds, "boundObjectRef": pod}}
