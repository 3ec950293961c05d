"""ResourceQuota (v1). https://kubernetes.io/docs/concepts/policy/resource-quotas/"""

from __future__ import annotations

from collections.abc import Callable

from k8slearn.embedded.apiserver.kind import Kind, Object
from k8slearn.embedded.apiserver.kinds._columns import Cell, age, columns, name
from k8slearn.embedded.apiserver.validation.policy import validate_quota, validate_quota_update


def _prepare_create(obj: Object) -> None:
    obj.setdefault("spec", {})
    obj["status"] = {}


def _used(is_shown: Callable[[str], bool]) -> Cell:
    """``pods: 0/2, requests.cpu: 0/500m``"""

    def cell(obj: Object, now: float) -> str:
        status = obj.get("status") or {}
        hard, used = status.get("hard") or {}, status.get("used") or {}
        return ", ".join(f"{key}: {used.get(key, 0)}/{hard[key]}" for key in sorted(hard) if is_shown(key))

    return cell


KIND = Kind(
    kind="ResourceQuota",
    plural="resourcequotas",
    short_names=("quota",),
    message="k8s.io.api.core.v1.ResourceQuota",
    columns=columns(
        "resourcequotas",
        {
            "Name": name,
            "Request": _used(lambda key: not key.startswith("limits.")),
            "Limit": _used(lambda key: key.startswith("limits.")),
            "Age": age,
        },
    ),
    prepare_create=_prepare_create,
    validate=validate_quota,
    validate_update=validate_quota_update,
    has_status=True,
    delete_answers_object=True,
)
