"""Who a pod of a StatefulSet is: its ordinal, name, labels, host name, volumes. Pure functions.

Upstream: ``pkg/controller/statefulset/stateful_set_utils.go``;
https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-identity. The pod ``db-2`` of the
StatefulSet ``db`` with the headless Service ``data`` is found in DNS as ``db-2.data``, and its claim made of
the template ``disk`` is ``disk-db-2``.
"""

from __future__ import annotations

import re
from typing import Any

from k8slearn.embedded.client import Object
from k8slearn.embedded.controllers.history import HASH_LABEL
from k8slearn.embedded.controllers.templates import pod_of

NAME_LABEL = "statefulset.kubernetes.io/pod-name"
INDEX_LABEL = "apps.kubernetes.io/pod-index"

_NAME = re.compile(r"(.*)-([0-9]+)", re.DOTALL)


def ordinal_of(pod: Object) -> int:
    """2 of ``db-2``; -1 of a name that does not end so."""
    found = _NAME.fullmatch(pod["metadata"]["name"])
    return int(found[2]) if found else -1


def is_member(sts: Object, pod: Object) -> bool:
    """Whether the pod is named like one of ``sts``: others are neither adopted nor counted."""
    found = _NAME.fullmatch(pod["metadata"]["name"])
    return found is not None and found[1] == sts["metadata"]["name"]


def ordinals(sts: Object) -> range:
    """The ordinals that there should be."""
    start = sts["spec"].get("ordinals", {}).get("start", 0)
    return range(start, start + sts["spec"]["replicas"])


def revision_of(pod: Object) -> str:
    """The name of the ControllerRevision that the pod was made from."""
    return pod["metadata"].get("labels", {}).get(HASH_LABEL, "")


def new_pod(sts: Object, template: dict[str, Any], revision: str, ordinal: int) -> Object:
    """The pod with ``ordinal``, of ``template``, which is that of ``revision``."""
    pod = pod_of(sts, template)
    name = f"{sts['metadata']['name']}-{ordinal}"
    labels = {**pod["metadata"].get("labels", {}), HASH_LABEL: revision}
    spec = {field: value for field, value in pod["spec"].items() if field != "subdomain"}
    spec["hostname"] = name
    if service := sts["spec"]["serviceName"]:
        spec["subdomain"] = service
    pod = {**pod, "metadata": {**pod["metadata"], "name": name, "labels": labels}, "spec": spec}
    return with_volumes(sts, with_labels(pod))


def with_labels(pod: Object) -> Object:
    """``pod`` with the labels that tell its name and ordinal."""
    metadata = pod["metadata"]
    told = {INDEX_LABEL: str(ordinal_of(pod)), NAME_LABEL: metadata["name"]}
    return {**pod, "metadata": {**metadata, "labels": {**metadata.get("labels", {}), **told}}}


def with_volumes(sts: Object, pod: Object) -> Object:
    """``pod`` with a volume for each claim; they come first, in place of the template's of the same name."""
    templates = sts["spec"].get("volumeClaimTemplates", ())
    if not templates:
        return pod
    claimed = {claim["metadata"]["name"]: claim_name(sts, claim, ordinal_of(pod)) for claim in templates}
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": claimed[name]}} for name in claimed]
    volumes += [volume for volume in pod["spec"].get("volumes", ()) if volume["name"] not in claimed]
    return {**pod, "spec": {**pod["spec"], "volumes": volumes}}


def matches(sts: Object, pod: Object) -> bool:
    """Whether the pod's label and its volumes say who it is. (An adopted pod may lack its label.)"""
    metadata, ordinal = pod["metadata"], ordinal_of(pod)
    if metadata.get("labels", {}).get(NAME_LABEL) != metadata["name"]:
        return False
    claims = {
        volume["name"]: volume.get("persistentVolumeClaim", {}).get("claimName")
        for volume in pod["spec"].get("volumes", ())
    }
    return all(
        claims.get(claim["metadata"]["name"]) == claim_name(sts, claim, ordinal)
        for claim in sts["spec"].get("volumeClaimTemplates", ())
    )


def claim_name(sts: Object, template: Object, ordinal: int) -> str:
    return f"{template['metadata']['name']}-{sts['metadata']['name']}-{ordinal}"
