"""Who may come in: a certificate authority, a server certificate, the administrator's token and certificate.

They are made once per folder and stay valid over restarts, so that an open notebook or terminal goes on
working when the cluster comes back.
"""

from __future__ import annotations

import base64
import os
import secrets
import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme
import yaml

from k8slearn.embedded.apiserver.authentication.user import ADMIN, ADMINS

CLUSTER_NAME = "k8slearn"


@dataclass(frozen=True)
class Credentials:
    """Files of PEM texts, and a bearer token."""

    ca: Path
    server: Path
    client: Path
    token: str

    @classmethod
    def of(cls, folder: Path) -> Credentials:
        """Those of ``folder``; made when there are none."""
        token_file = folder / "token"
        found = cls(folder / "ca.crt", folder / "server.pem", folder / "admin.pem", "")
        if not token_file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            ca = trustme.CA(organization_name="k8slearn")
            ca.cert_pem.write_to_path(found.ca)
            names = ("127.0.0.1", "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
            _write(found.server, ca.issue_cert(*names).private_key_and_cert_chain_pem.bytes())
            admin = ca.issue_cert("admin@k8slearn.local", common_name=ADMIN.name, organization_name=ADMINS)
            _write(found.client, admin.private_key_and_cert_chain_pem.bytes())
            _write(token_file, secrets.token_hex(24).encode())  # last: marks the set as complete
        return cls(found.ca, found.server, found.client, token_file.read_text())

    def lend(self, folder: Path) -> None:
        """The same certificates, which take time to make, for another cluster, with a token of its own."""
        for file in (self.ca, self.server, self.client):
            _write(folder / file.name, file.read_bytes())
        _write(folder / "token", secrets.token_hex(24).encode())

    def ssl_context(self) -> ssl.SSLContext:
        """For the server: client certificates of this authority are accepted, none is demanded."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server)
        context.load_verify_locations(self.ca)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def kubeconfig(self, port: int, namespace: str = "default") -> str:
        """A kubeconfig with everything inside it."""
        ca = base64.b64encode(self.ca.read_bytes()).decode()
        cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": ca}
        context = {"cluster": CLUSTER_NAME, "user": ADMIN.name, "namespace": namespace}
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": CLUSTER_NAME, "cluster": cluster}],
                "users": [{"name": ADMIN.name, "user": {"token": self.token}}],
                "contexts": [{"name": CLUSTER_NAME, "context": context}],
                "current-context": CLUSTER_NAME,
            },
            sort_keys=False,
        )


def _write(path: Path, content: bytes) -> None:
    """For the owner only, from the first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
