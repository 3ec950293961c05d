"""The RBAC authorizer: which rules bind a user, and whether one of them allows what is asked.

Upstream: ``plugin/pkg/auth/authorizer/rbac`` and ``pkg/registry/rbac/validation/rule.go``. The components inside the
cluster do not pass here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from k8slearn.embedded.apiserver.authentication.user import MASTERS, User, account_name
from k8slearn.embedded.apiserver.authorization.attributes import Attributes
from k8slearn.embedded.apiserver.authorization.rules import allows
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.store import Store

GROUP = "rbac.authorization.k8s.io"
ROLES, CLUSTER_ROLES = f"roles.{GROUP}", f"clusterroles.{GROUP}"
BINDINGS, CLUSTER_BINDINGS = f"rolebindings.{GROUP}", f"clusterrolebindings.{GROUP}"

EVERYTHING: tuple[Object, ...] = (
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
)
"""The rules of who may do everything."""

_NO_HTML = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}


class Granted(NamedTuple):
    """A rule, and by which binding to which of its subjects it holds."""

    rule: Object
    binding: Object
    subject: Object

    def __str__(self) -> str:
        """``RoleBinding "b/default" of Role "r" to User "anna"``"""
        metadata, role = self.binding["metadata"], self.binding["roleRef"]
        namespace = metadata.get("namespace", "")
        binding = f'RoleBinding "{metadata["name"]}/{namespace}"'
        if not namespace:
            binding = f'ClusterRoleBinding "{metadata["name"]}"'
        name = self.subject["name"]
        if self.subject["kind"] == "ServiceAccount":
            name = f"{name}/{self.subject.get('namespace') or namespace}"
        return f'{binding} of {role["kind"]} "{role["name"]}" to {self.subject["kind"]} "{name}"'


class Authorizer:
    """``policy`` is called before the first look at roles and bindings: it makes those of a new cluster, which
    nobody needs as long as only the administrator asks."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.policy: Callable[[], None] = lambda: None
        store.add_index(CLUSTER_BINDINGS, "subject", _subjects)
        store.add_index(BINDINGS, "subject", _subjects)

    def prepare(self) -> None:
        """Somebody is going to look at roles and bindings."""
        policy, self.policy = self.policy, lambda: None
        policy()

    def require(self, user: User, wanted: Attributes) -> None:
        """Raises ApiError 403 with the sentence that says what ``user`` cannot do."""
        if user.almighty:
            return
        allowed, reason = self.authorize(user, wanted)
        if not allowed:
            raise refusal(user, wanted, reason)

    def allowed(self, user: User, wanted: Attributes) -> bool:
        return user.almighty or self.authorize(user, wanted)[0]

    def authorize(self, user: User, wanted: Attributes) -> tuple[bool, str]:
        """Whether ``user`` may, and the reason that access reviews give."""
        if MASTERS in user.groups:
            return True, ""
        errors: list[str] = []
        for granted in self.grants(user, wanted.namespace, errors):
            if allows(granted.rule, wanted):
                return True, f"RBAC: allowed by {granted}"
        return False, f"rbac: RBAC: {aggregate(errors)}" if errors else ""

    def grants(self, user: User, namespace: str, errors: list[str]) -> Iterator[Granted]:
        """The rules that hold for ``user`` in ``namespace`` (everywhere: ""); missing roles go to ``errors``."""
        self.prepare()
        places = [(CLUSTER_BINDINGS, ""), (BINDINGS, namespace)] if namespace else [(CLUSTER_BINDINGS, "")]
        names = [f"User {user.name}", *(f"Group {group}" for group in user.groups)]
        for resource, place in places:
            found: dict[str, Object] = {}
            for name in names:
                for stored in self._store.by_index(resource, "subject", f"{place} {name}"):
                    found[stored.key.name] = stored.object
            for _, binding in sorted(found.items()):
                subject = next(s for s in binding["subjects"] if _called(s, place) in names)
                try:
                    rules = self.rules_of(binding["roleRef"], place)
                except LookupError as error:
                    errors.append(str(error.args[0]))
                    continue
                for rule in rules:
                    yield Granted(rule, binding, subject)

    def rules_of(self, role: Object, namespace: str) -> list[Object]:
        """The rules of a ``roleRef``. Raises LookupError with Kubernetes' words."""
        self.prepare()
        kind, name = role.get("kind", ""), role.get("name", "")
        if kind not in ("Role", "ClusterRole"):
            raise LookupError(f'unsupported role reference kind: "{kind}"')
        resource, place = (ROLES, namespace) if kind == "Role" else (CLUSTER_ROLES, "")
        stored = self._store.find(resource, place, name)
        if stored is None:
            raise LookupError(f'{kind.lower()}.{GROUP} "{name}" not found')
        return stored.object.get("rules") or []


def _subjects(binding: Object) -> list[str]:
    """``["default User anna"]``: the namespace where the binding holds ("" everywhere), and each subject."""
    namespace = binding["metadata"].get("namespace", "")
    return [f"{namespace} {_called(subject, namespace)}" for subject in binding.get("subjects") or ()]


def _called(subject: Object, namespace: str) -> str:
    """A service account's name is a user's: ``User system:serviceaccount:default:bot``."""
    if subject["kind"] == "ServiceAccount":
        return f"User {account_name(subject.get('namespace') or namespace, subject['name'])}"
    return f"{subject['kind']} {subject['name']}"


def refusal(user: User, wanted: Attributes, reason: str = "") -> ApiError:
    """``pods is forbidden: User "anna" cannot list resource "pods" in API group "" in the namespace "default"``"""
    why = f'User "{user.name}" cannot {wanted}'.translate(_NO_HTML) + (f": {reason}" if reason else "")
    if not wanted.resource:
        return ApiError(403, "Forbidden", f"forbidden: {why}", {})
    resource = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
    subject = f'{resource} "{wanted.name}"' if wanted.name else resource
    details = {"name": wanted.name, "group": wanted.group, "kind": wanted.resource}
    return ApiError(
        403,
        "Forbidden",
        f"{subject} is forbidden: {why}",
        {field: value for field, value in details.items() if value},
    )


def aggregate(errors: list[str]) -> str:
    """Several errors as one, as apimachinery's ``util/errors`` writes them."""
    texts = list(dict.fromkeys(errors))
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
