"""In-place resize: a running pod's CPU and memory, changed through the subresource ``pods/resize``.

Upstream: ``podResizeStrategy`` (what of a request counts) and ``ValidatePodResize`` (what it may not do).
https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation.fields import forbidden, invalid

Object = dict[str, Any]

RESIZABLE = ("cpu", "memory")
_LISTS = ("containers", "initContainers")
_CHANGED = ("resources", "resizePolicy")


def with_resources(asked: Object, old: Object) -> Object:
    """``old`` with the containers' resources of ``asked``; everything else that was asked for is left out.

    Where containers came, went or changed places, the spec stays as asked, for validation to refuse it.
    """
    spec = dict(old["spec"])
    for field in _LISTS:
        new, before = asked["spec"].get(field) or [], old["spec"].get(field) or []
        if [c.get("name") for c in new] != [c["name"] for c in before]:
            return {**old, "spec": asked["spec"]}
        if before:
            spec[field] = [_resized(c, was) for c, was in zip(new, before, strict=True)]
    return {**old, "spec": spec}


def validate_resize(new: Object, old: Object) -> Iterator[FieldError]:
    """What is wrong with a resize, besides what is wrong with any pod."""
    from k8slearn.embedded.apiserver.kinds.pod import qos_class  # it declares this subresource

    if "kubernetes.io/config.mirror" in (old["metadata"].get("annotations") or ()):
        yield forbidden("", "static pods cannot be resized")
        return
    before = old["status"].get("qosClass")
    if qos_class(new["spec"]) != before:
        yield invalid("spec", before, "Pod QOS Class may not change as a result of resizing")
    wrong_order = list(_order(new["spec"], old["spec"]))
    yield from wrong_order
    if wrong_order:
        return
    for field in _LISTS:
        pairs = zip(new["spec"].get(field) or (), old["spec"].get(field) or (), strict=True)
        for index, (container, was) in enumerate(pairs):
            yield from _container(f"spec.{field}[{index}].resources", container, was)


def _resized(container: Object, was: Object) -> Object:
    kept = {name: value for name, value in was.items() if name not in _CHANGED}
    return kept | {name: container[name] for name in _CHANGED if name in container}


def _order(new: Object, old: Object) -> Iterator[FieldError]:
    for field in _LISTS:
        after, before = new.get(field) or (), old.get(field) or ()
        if len(after) != len(before):
            yield forbidden(f"spec.{field}", f"{field} may not be added or removed on resize")
            continue
        for index, (container, was) in enumerate(zip(after, before, strict=True)):
            if container.get("name") != was["name"]:
                yield forbidden(
                    f"spec.{field}[{index}].name", f"{field} may not be renamed or reordered on resize"
                )


def _container(path: str, container: Object, was: Object) -> Iterator[FieldError]:
    new, old = container.get("resources") or {}, was.get("resources") or {}
    for kind in ("requests", "limits"):
        if not (old.get(kind) or {}).keys() <= (new.get(kind) or {}).keys():
            yield forbidden(f"{path}.{kind}", f"resource {kind} cannot be removed")
    if _others(new) != _others(old):
        yield forbidden("spec", "only cpu and memory resources are mutable")


def _others(resources: Object) -> dict[tuple[str, str], str]:
    """What is said of resources that cannot be resized."""
    return {
        (kind, name): amount
        for kind in ("requests", "limits")
        for name, amount in (resources.get(kind) or {}).items()
        if name not in RESIZABLE
    }
