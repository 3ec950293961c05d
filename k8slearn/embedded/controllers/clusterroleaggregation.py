"""A ClusterRole with an ``aggregationRule`` gets the rules of all those that its selectors match.

So ``view`` may read custom resources once somebody has labelled a role for them. Upstream:
``pkg/controller/clusterroleaggregation``.
https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
"""

from __future__ import annotations

from k8slearn.embedded.apiserver.authorization.rbac import CLUSTER_ROLES
from k8slearn.embedded.client import Change, Controller, Key
from k8slearn.embedded.store import Object
from k8slearn.kube.label_selectors import matches


class ClusterRoleAggregationController(Controller):
    name = "clusterrole-aggregation-controller"
    resource = CLUSTER_ROLES

    def start(self) -> None:
        self.client.add_index(CLUSTER_ROLES, "aggregated", _aggregated)
        self.watch(CLUSTER_ROLES, self._of_role)

    def _of_role(self, change: Change) -> list[Key]:
        """Each change may concern each aggregated role."""
        return [
            Key("", role["metadata"]["name"])
            for role in self.client.by_index(CLUSTER_ROLES, "aggregated", "")
        ]

    def reconcile(self, key: Key) -> None:
        role = self.client.get(CLUSTER_ROLES, *key)
        if role is None or not _aggregated(role):
            return
        rules: list[Object] = []
        others = [other for other in self.client.list(CLUSTER_ROLES) if other["metadata"]["name"] != key.name]
        for selector in role["aggregationRule"]["clusterRoleSelectors"]:
            for other in others:
                if matches(selector, other["metadata"].get("labels")):
                    rules += [rule for rule in other.get("rules") or () if rule not in rules]
        if rules != (role.get("rules") or []):
            self.client.update(
                CLUSTER_ROLES, {**role, "rules": rules or None}, why="the roles that it joins changed"
            )


def _aggregated(role: Object) -> list[str]:
    return [""] if (role.get("aggregationRule") or {}).get("clusterRoleSelectors") else []
