"""Who asks: https://kubernetes.io/docs/reference/access-authn-authz/authentication/"""

from __future__ import annotations

from k8slearn.embedded.apiserver.authentication.tokens import InvalidToken, Issuer
from k8slearn.embedded.apiserver.authentication.user import ADMIN, ANONYMOUS, MASTER, User, user

__all__ = ["ADMIN", "ANONYMOUS", "MASTER", "InvalidToken", "Issuer", "User", "user"]
