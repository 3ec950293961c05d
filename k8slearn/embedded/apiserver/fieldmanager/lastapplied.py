"""``kubectl apply --server-side`` on what ``kubectl apply`` made: conflicts that are none, the annotation kept true.

Upstream: apimachinery's ``util/managedfields/internal``: ``lastappliedmanager.go``, ``lastappliedupdater.go``.
"""

from __future__ import annotations

from typing import Any

import orjson

from k8slearn.embedded.apiserver.fieldmanager.comparison import compare, fields_of
from k8slearn.embedded.apiserver.fieldmanager.fieldset import difference, paths
from k8slearn.embedded.apiserver.fieldmanager.typed import type_errors
from k8slearn.embedded.apiserver.kind import Kind, Object

ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"

LARGEST = 256 * 1024
"""Bytes of all annotations together, names and values."""


def allowed_conflicts(kind: Kind, live: Object) -> set[tuple[str, ...]]:
    """The fields that ``kubectl apply`` set last and that are so still: kubectl may take them over."""
    root = kind.object_type.root
    try:
        last: Any = orjson.loads(_annotations(live).get(ANNOTATION, ""))
    except orjson.JSONDecodeError:
        return set()
    if not isinstance(last, dict) or last.get("apiVersion") != kind.api_version:
        return set()
    if any(type_errors(root, last)):
        return set()
    comparison = compare(root, last, live)
    unchanged = difference(difference(fields_of(root, last), comparison.changed), comparison.removed)
    return set(paths(unchanged))


def with_last_applied(obj: Object, config: Object) -> Object:
    """The object, whose annotation, if it has one, says what is applied now; a larger one than allowed goes."""
    annotations = _annotations(obj)
    if not annotations.get(ANNOTATION):
        return obj
    others = {name: value for name, value in annotations.items() if name != ANNOTATION}
    applied = {**config, "metadata": {**config["metadata"]}}
    if ANNOTATION in _annotations(config):
        rest = {name: value for name, value in _annotations(config).items() if name != ANNOTATION}
        applied["metadata"]["annotations"] = rest
    text = orjson.dumps(applied, option=orjson.OPT_SORT_KEYS).decode() + "\n"
    annotated = {**others, ANNOTATION: text}
    if sum(len(name.encode()) + len(value.encode()) for name, value in annotated.items()) > LARGEST:
        annotated = others
    return {**obj, "metadata": {**obj["metadata"], "annotations": annotated}}


def _annotations(obj: Object) -> dict[str, str]:
    return (obj.get("metadata") or {}).get("annotations") or {}
