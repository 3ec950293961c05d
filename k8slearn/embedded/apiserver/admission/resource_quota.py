"""ResourceQuota: what a namespace may hold at most. An object that fits is charged to ``status.used`` at once.

Upstream: ``apiserver/pkg/admission/plugin/resourcequota``. It runs last, on objects that are valid. The controller
of the same name takes back what is freed.
"""

from __future__ import annotations

from k8slearn.embedded.apiserver import quota
from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.quota import Quantities
from k8slearn.embedded.apiserver.status import forbidden
from k8slearn.kube import quantity

_COUNTED_ON_UPDATE = ("services", "persistentvolumeclaims")
"""Their updates can cost more: another type of Service, a larger claim."""


def resource_quota(attributes: Attributes, obj: Object, ctx: Context) -> None:
    """Charge the quotas that concern ``obj``, or refuse it when one of them would be exceeded."""
    resource, metadata = attributes.kind.resource, obj["metadata"]
    if not attributes.kind.namespaced or resource in quota.IGNORED or not _costs(attributes, obj):
        return
    quotas = [stored.object for stored in ctx.store.list("resourcequotas", metadata["namespace"])]
    charged = [new for old in quotas if (new := _charged(attributes, obj, old, ctx.clock.now)) is not old]
    present = ctx.store.find(resource, metadata["namespace"], metadata["name"]) is not None
    # A name that is taken is refused after this: it must not cost anything.
    if attributes.dry_run or (attributes.operation == "CREATE" and present):
        return
    for new in charged:
        ctx.store.update("resourcequotas", new)


def _costs(attributes: Attributes, obj: Object) -> bool:
    if attributes.operation == "CREATE" or attributes.subresource == "resize":
        return True
    if attributes.kind.resource == "pods":
        # A deadline moves a pod from the scope NotTerminating to Terminating.
        before = (attributes.old or {})["spec"].get("activeDeadlineSeconds") is None
        return before != (obj["spec"].get("activeDeadlineSeconds") is None)
    return attributes.kind.resource in _COUNTED_ON_UPDATE


def _charged(attributes: Attributes, obj: Object, old: Object, now: float) -> Object:
    """The quota ``old`` with the cost of ``obj`` added; itself when there is none. Raises ApiError."""
    resource, metadata = attributes.kind.resource, old["metadata"]
    if not quota.concerns(resource, old, obj):
        return old
    hard, used = old["status"]["hard"], old["status"].get("used") or {}
    names = quota.tracked(resource, hard)
    why = ""
    if resource == "pods" and (unsaid := quota.unsaid(names, obj)):
        why = f"failed quota: {metadata['name']}: must specify {unsaid}"
    elif any(name not in used for name in names):
        why = f"status unknown for quota: {metadata['name']}, resources: {','.join(names)}"
    else:
        asked = _asked(attributes, obj, old, names, now)
        if not asked:
            return old
        after = {**used, **{name: quantity.add(used[name], amount) for name, amount in asked.items()}}
        exceeded = [name for name in asked if quantity.compare(after[name], hard[name]) > 0]
        if not exceeded:
            return {**old, "status": {**old["status"], "used": after}}
        requested, present, limited = (_shown(part, exceeded) for part in (asked, used, hard))
        why = (
            f"exceeded quota: {metadata['name']}, requested: {requested}, used: {present}, limited: {limited}"
        )
    raise forbidden(resource, obj["metadata"]["name"], why)


def _asked(attributes: Attributes, obj: Object, old: Object, names: list[str], now: float) -> Quantities:
    """What ``obj`` costs more than before, without what costs nothing."""
    resource = attributes.kind.resource
    asked = quota.usage(resource, obj, now)
    if attributes.old is not None and quota.in_scopes(resource, old, attributes.old):
        before = quota.usage(resource, attributes.old, now)
        asked = {name: quantity.subtract(amount, before.get(name, "0")) for name, amount in asked.items()}
    return {name: asked[name] for name in names if name in asked and quantity.compare(asked[name], "0") > 0}


def _shown(amounts: Quantities, names: list[str]) -> str:
    return ",".join(f"{name}={amounts[name]}" for name in names)
