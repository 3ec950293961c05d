"""Who asks: a name, groups, perhaps a uid and notes of the authenticator. Upstream: ``authentication/user``."""

from __future__ import annotations

from dataclasses import dataclass, field

AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
MASTERS = "system:masters"
ADMINS = "kubeadm:cluster-admins"

_ACCOUNT = "system:serviceaccount:"
_NODE = "system:node:"


@dataclass(frozen=True)
class User:
    """``extra`` are the authenticator's notes: lists of strings by names such as
    ``authentication.kubernetes.io/pod-name``."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: dict[str, list[str]] = field(default_factory=dict, hash=False)

    @property
    def almighty(self) -> bool:
        """The API server asks no role whether this user may do something: the administrator is never locked out.

        A real server so trusts system:masters; kubeadm's administrators it allows by the binding
        ``kubeadm:cluster-admins``, which they can take away from themselves there.
        """
        return MASTERS in self.groups or ADMINS in self.groups

    def info(self) -> dict[str, object]:
        """The ``UserInfo`` of reviews, without what is empty."""
        found = {"username": self.name, "uid": self.uid, "groups": list(self.groups), "extra": self.extra}
        return {field: value for field, value in found.items() if value}


MASTER = User("system:admin", (MASTERS, AUTHENTICATED))
"""Who asks in process."""

ADMIN = User("kubernetes-admin", (ADMINS, AUTHENTICATED))
"""Who holds the cluster's kubeconfig."""

ANONYMOUS = User("system:anonymous", (UNAUTHENTICATED,))


def account_name(namespace: str, name: str) -> str:
    """The user name of a service account."""
    return f"{_ACCOUNT}{namespace}:{name}"


def account_groups(namespace: str) -> tuple[str, ...]:
    return "system:serviceaccounts", f"system:serviceaccounts:{namespace}"


def account_of(user_name: str) -> tuple[str, str] | None:
    """Namespace and name of the service account that is so called, None for other users.

    >>> account_of("system:serviceaccount:default:bot")
    ('default', 'bot')
    """
    namespace, colon, name = user_name.removeprefix(_ACCOUNT).partition(":")
    is_account = user_name.startswith(_ACCOUNT) and colon and namespace and name and ":" not in name
    return (namespace, name) if is_account else None


def node_of(user_name: str) -> str | None:
    """The node whose kubelet is so called: ``system:node:worker-1``."""
    return user_name.removeprefix(_NODE) or None if user_name.startswith(_NODE) else None


def user(
    name: str, groups: tuple[str, ...] = (), uid: str = "", extra: dict[str, list[str]] | None = None
) -> User:
    """The user ``name`` as the API server knows it once it has let it in: a service account without ``groups`` gets
    its own, and who is not anonymous is authenticated.

    >>> user("anna", ("devs",)).groups
    ('devs', 'system:authenticated')
    """
    account = account_of(name)
    if account is not None and not groups:
        groups = account_groups(account[0])
    if name == ANONYMOUS.name:
        added = () if UNAUTHENTICATED in groups else (UNAUTHENTICATED,)
    else:
        added = () if {AUTHENTICATED, UNAUTHENTICATED} & set(groups) else (AUTHENTICATED,)
    return User(name, (*groups, *added), uid, extra or {})
