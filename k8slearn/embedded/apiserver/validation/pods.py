"""What is wrong with a pod or a pod template. Upstream: ``ValidatePodSpec`` in ``pkg/apis/core/validation``.

The order of the errors is upstream's: volumes, containers, init containers, then the spec's other fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.validation import formats
from k8slearn.embedded.apiserver.validation.containers import (
    PodContext,
    validate_containers,
    validate_images_of_pod,
    validate_init_containers,
)
from k8slearn.embedded.apiserver.validation.dns import validate_dns_config, validate_host_aliases
from k8slearn.embedded.apiserver.validation.ephemeral import validate_ephemeral_containers
from k8slearn.embedded.apiserver.validation.fields import (
    choice,
    each_invalid,
    forbidden,
    invalid,
    non_negative,
)
from k8slearn.embedded.apiserver.validation.metadata import validate_annotations
from k8slearn.embedded.apiserver.validation.scheduling import (
    validate_affinity,
    validate_gates,
    validate_spread,
    validate_tolerations,
)
from k8slearn.embedded.apiserver.validation.selectors import validate_labels
from k8slearn.embedded.apiserver.validation.volumes import validate_volumes

RESTART_POLICIES = ("Always", "OnFailure", "Never")
DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")

PodSpec = dict[str, Any]


def validate_pod(pod: dict[str, Any]) -> Iterator[FieldError]:
    spec = pod.get("spec") or {}
    yield from validate_pod_spec("spec", spec, is_pod=True)
    yield from non_negative("spec.terminationGracePeriodSeconds", spec.get("terminationGracePeriodSeconds"))
    for field in ("containers", "initContainers"):
        yield from validate_images_of_pod(f"spec.{field}", spec.get(field) or ())
    if spec.get("nodeName") and spec.get("schedulingGates"):
        yield forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")


def validate_template(path: str, template: dict[str, Any]) -> Iterator[FieldError]:
    """A ``PodTemplateSpec``: labels, annotations and the pod's spec."""
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    yield from validate_labels(f"{path}.labels", metadata.get("labels"))
    yield from validate_annotations(f"{path}.annotations", metadata.get("annotations"))
    yield from validate_pod_spec(f"{path}.spec", spec, is_pod=False)
    if spec.get("ephemeralContainers"):
        detail = "ephemeral containers not allowed in pod template"
        yield forbidden(f"{path}.spec.ephemeralContainers", detail)


def validate_pod_spec(path: str, spec: PodSpec, *, is_pod: bool) -> Iterator[FieldError]:
    errors: list[FieldError] = []
    volumes = validate_volumes(f"{path}.volumes", spec.get("volumes") or (), errors)
    yield from errors
    pod = PodContext(volumes, spec.get("terminationGracePeriodSeconds"))
    containers = spec.get("containers") or ()
    yield from validate_containers(f"{path}.containers", containers, pod)
    init_containers = spec.get("initContainers") or ()
    yield from validate_init_containers(f"{path}.initContainers", init_containers, containers, pod)
    ephemeral = spec.get("ephemeralContainers") or ()
    others = (*containers, *init_containers)
    yield from validate_ephemeral_containers(f"{path}.ephemeralContainers", ephemeral, others, pod)
    if spec.get("hostNetwork"):
        yield from _validate_host_ports(path, spec, is_pod=is_pod)
    yield from choice(f"{path}.restartPolicy", spec.get("restartPolicy"), RESTART_POLICIES)
    yield from choice(f"{path}.dnsPolicy", spec.get("dnsPolicy"), DNS_POLICIES)
    yield from validate_labels(f"{path}.nodeSelector", spec.get("nodeSelector"))
    yield from _validate_security_context(f"{path}.securityContext", spec.get("securityContext") or {})
    yield from validate_affinity(f"{path}.affinity", spec.get("affinity") or {})
    is_only = spec.get("dnsPolicy") == "None"
    yield from validate_dns_config(f"{path}.dnsConfig", spec.get("dnsConfig"), is_only=is_only)
    yield from validate_spread(
        f"{path}.topologySpreadConstraints", spec.get("topologySpreadConstraints") or ()
    )
    yield from _validate_names(path, spec)
    yield from validate_tolerations(f"{path}.tolerations", spec.get("tolerations") or ())
    yield from validate_host_aliases(f"{path}.hostAliases", spec.get("hostAliases") or [])
    yield from validate_gates(f"{path}.schedulingGates", spec.get("schedulingGates") or ())


def _validate_host_ports(path: str, spec: PodSpec, *, is_pod: bool) -> Iterator[FieldError]:
    for index, container in enumerate(spec.get("containers") or ()):
        for number, port in enumerate(container.get("ports") or ()):
            host_port = port.get("hostPort", 0)
            if (is_pod or host_port) and host_port != port.get("containerPort", 0):
                detail = "must match `containerPort` when `hostNetwork` is true"
                yield invalid(f"{path}.containers[{index}].ports[{number}].hostPort", host_port, detail)


def _validate_security_context(path: str, context: dict[str, Any]) -> Iterator[FieldError]:
    for field in ("fsGroup", "runAsUser", "runAsGroup"):
        if (number := context.get(field)) is not None:
            yield from each_invalid(f"{path}.{field}", number, formats.user_id(number))


def _validate_names(path: str, spec: PodSpec) -> Iterator[FieldError]:
    for field, rule in (
        ("serviceAccountName", formats.dns_subdomain),
        ("nodeName", formats.dns_subdomain),
    ):
        if name := spec.get(field):
            yield from each_invalid(f"{path}.{field}", name, rule(name))
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= 2**31 - 1:
        detail = "must be between 1 and 2147483647, inclusive"
        yield invalid(f"{path}.activeDeadlineSeconds", deadline, detail)
    for field in ("hostname", "subdomain"):
        if name := spec.get(field):
            yield from each_invalid(f"{path}.{field}", name, formats.dns_label(name))
    if name := spec.get("priorityClassName"):
        yield from each_invalid(f"{path}.priorityClassName", name, formats.dns_subdomain(name))
