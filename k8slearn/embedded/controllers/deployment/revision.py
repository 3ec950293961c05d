"""A Deployment's revisions: each is a ReplicaSet with the pod template of its time.

Upstream: ``pkg/controller/deployment/util/deployment_util.go`` (``SetNewReplicaSetAnnotations`` and around).
``kubectl rollout history`` reads these annotations, and ``kubectl rollout undo`` puts an old template back.
The old ReplicaSet then is the new one again: it gets the next number, and remembers the ones it had.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from k8slearn.embedded.client import Object
from k8slearn.embedded.controllers.deployment import sizes
from k8slearn.embedded.controllers.owners import controller_reference

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
LONGEST_HISTORY = 2000
"""Characters of ``revision-history`` that are kept; the oldest numbers go first."""

HASH = "pod-template-hash"

_NOT_COPIED = frozenset(
    (
        "kubectl.kubernetes.io/last-applied-configuration",
        "deprecated.deployment.rollback.to",
        REVISION,
        HISTORY,
        sizes.DESIRED,
        sizes.MAXIMUM,
    )
)


def annotations_of(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("annotations", {})


def revision_of(rs: Object) -> int:
    """0 for a ReplicaSet that has no number, or none that can be read."""
    text = annotations_of(rs).get(REVISION, "")
    return int(text) if text.isdecimal() else 0


def next_revision(old: Iterable[Object]) -> int:
    return max((revision_of(rs) for rs in old), default=0) + 1


def same_template(deployment: Object, rs: Object) -> bool:
    """Whether ``rs`` was made from the template that the Deployment has now."""
    ours, theirs = deployment["spec"]["template"], rs["spec"]["template"]
    return ours["spec"] == theirs["spec"] and _plain_metadata(ours) == _plain_metadata(theirs)


def _plain_metadata(template: dict[str, Any]) -> dict[str, Any]:
    metadata = template.get("metadata", {})
    labels = {key: value for key, value in metadata.get("labels", {}).items() if key != HASH}
    return {**metadata, "labels": labels}


def annotations_for_new(deployment: Object, rs: Object, revision: int) -> dict[str, str]:
    """The annotations of the ReplicaSet that is the newest revision.

    The Deployment's own annotations are copied (among them the change-cause). A ReplicaSet whose number is
    lower than ``revision`` gets that one, and its old number goes into the history.
    """
    copied = {k: v for k, v in annotations_of(deployment).items() if k not in _NOT_COPIED}
    annotations = {**annotations_of(rs), **copied}
    before = revision_of(rs)
    if before < revision:
        annotations[REVISION] = str(revision)
        if before:
            numbers = [*filter(None, annotations.get(HISTORY, "").split(",")), str(before)]
            while len(",".join(numbers)) > LONGEST_HISTORY:
                numbers.pop(0)
            annotations[HISTORY] = ",".join(numbers)
    return annotations


def new_replica_set(deployment: Object, template_hash: str, revision: int, sets: Iterable[Object]) -> Object:
    """The ReplicaSet for the Deployment's template, as large as ``sets``, all others, leave room for."""
    metadata, spec = deployment["metadata"], deployment["spec"]
    template = spec["template"]
    labels = {**template["metadata"]["labels"], HASH: template_hash}
    selector = spec["selector"]
    match_labels = {**selector.get("matchLabels", {}), HASH: template_hash}
    bare: Object = {"metadata": {}}
    annotations = {**annotations_for_new(deployment, bare, revision), **sizes.replica_annotations(deployment)}
    return {
        "kind": "ReplicaSet",
        "apiVersion": "apps/v1",
        "metadata": {
            "name": f"{metadata['name']}-{template_hash}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [controller_reference(deployment)],
        },
        "spec": {
            "replicas": sizes.new_size(deployment, sets, None),
            **({"minReadySeconds": spec["minReadySeconds"]} if spec.get("minReadySeconds") else {}),
            "selector": {**selector, "matchLabels": match_labels},
            "template": {**template, "metadata": {**template["metadata"], "labels": labels}},
        },
    }
