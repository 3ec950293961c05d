"""PodSecurity: what the pods of a namespace may do, as its labels say. Upstream: ``pod-security-admission``.

https://kubernetes.io/docs/concepts/security/pod-security-admission/
``enforce`` refuses pods; ``warn`` tells who creates them or what makes them. ``audit`` writes to an audit log, which
this cluster does not keep.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from k8slearn.embedded.apiserver.admission import pod_security_checks
from k8slearn.embedded.apiserver.admission.plugin import Attributes, Context
from k8slearn.embedded.apiserver.kind import Object
from k8slearn.embedded.apiserver.status import FieldError
from k8slearn.embedded.apiserver.status import forbidden as forbidden_error
from k8slearn.embedded.apiserver.status import invalid as invalid_error
from k8slearn.embedded.apiserver.validation.fields import invalid

PREFIX = "pod-security.kubernetes.io/"
LEVELS = ("privileged", "baseline", "restricted")
MODES = ("enforce", "audit", "warn")

LATEST = 37
"""The minor version that ``latest`` is."""

MOST_PODS = 3000
"""Pods of a namespace that are looked at when its level changes."""


class Policy(NamedTuple):
    """A level of a version: ``restricted:latest``."""

    level: str = "privileged"
    version: str = "latest"

    def __str__(self) -> str:
        return f"{self.level}:{self.version}"

    def forbidden(self, metadata: Object, spec: Object) -> list[tuple[str, str]]:
        minor = LATEST if self.version == "latest" else min(LATEST, int(self.version.removeprefix("v1.")))
        return pod_security_checks.forbidden(self.level, minor, metadata, spec)


def policies(labels: Mapping[str, str]) -> tuple[dict[str, Policy], list[FieldError]]:
    """The policy of each mode, and what is wrong with the labels."""
    found: dict[str, Policy] = {}
    errors: list[FieldError] = []
    for mode in MODES:
        level, version = labels.get(PREFIX + mode), labels.get(f"{PREFIX}{mode}-version")
        policy = Policy(level or "privileged", version or "latest")
        if level is not None and level not in LEVELS:
            detail = f"must be one of {', '.join(LEVELS)}"
            errors.append(invalid(f"metadata.labels[{PREFIX}{mode}]", level, detail))
            policy = policy._replace(level="restricted" if mode == "enforce" else "privileged")
        if version is not None and not re.fullmatch(r"latest|v1\.(\d|[1-9]\d*)", version):
            detail = 'must be "latest" or "v1.x"'
            errors.append(invalid(f"metadata.labels[{PREFIX}{mode}-version]", version, detail))
            policy = policy._replace(version="latest")
        found[mode] = policy
    if PREFIX + "warn" not in labels and labels.get(PREFIX + "enforce") in LEVELS:
        # Who is refused pods is warned of what will make them, without having asked for it.
        versioned = PREFIX + "warn-version" in labels
        found["warn"] = (
            found["warn"]._replace(level=found["enforce"].level) if versioned else found["enforce"]
        )
    return found, errors


def pod_security(attributes: Attributes, pod: Object, ctx: Context) -> None:
    """Refuse a pod that does not meet what its namespace enforces, or warn of it. Raises ApiError."""
    if attributes.operation == "UPDATE" and not _is_significant(pod, attributes.old or {}):
        return
    policy = _of_namespace(pod["metadata"]["namespace"], ctx)
    if policy is None:
        return
    if wrong := policy["enforce"].forbidden(pod["metadata"], pod["spec"]):
        why = f'violates PodSecurity "{policy["enforce"]}": {_detail(wrong)}'
        raise forbidden_error("pods", pod["metadata"].get("name", ""), why)
    _warn(attributes, policy["warn"], pod["metadata"], pod["spec"])


def pod_security_of_template(attributes: Attributes, obj: Object, ctx: Context) -> None:
    """Warn who creates or changes what makes pods that would be refused."""
    if attributes.subresource or attributes.user is None:
        return
    template: Any = obj["template"] if attributes.kind.kind == "PodTemplate" else obj["spec"]
    if attributes.kind.kind == "CronJob":
        template = template["jobTemplate"]["spec"]
    if attributes.kind.kind != "PodTemplate":
        template = template.get("template")
    policy = _of_namespace(obj["metadata"]["namespace"], ctx)
    if policy is not None and template is not None:
        _warn(attributes, policy["warn"], template.get("metadata") or {}, template.get("spec") or {})


def pod_security_of_namespace(attributes: Attributes, namespace: Object, ctx: Context) -> None:
    """See that the labels of a namespace mean something, and tell of pods that are there and would be refused now.

    Raises ApiError.
    """
    if attributes.subresource or attributes.operation == "DELETE":
        return
    name = namespace["metadata"]["name"]
    policy, errors = policies(namespace["metadata"].get("labels") or {})
    before, errors_before = policies((attributes.old or {"metadata": {}})["metadata"].get("labels") or {})
    if errors and (attributes.old is None or errors != errors_before):
        raise invalid_error("Namespace", "", name, errors)
    new, old = policy["enforce"], before["enforce"]
    relaxed = new.version == old.version and LEVELS.index(new.level) <= LEVELS.index(old.level)
    if attributes.old is not None and not relaxed and new.level != "privileged":
        for text in _violations(name, new, ctx):
            attributes.warn(text)


def _of_namespace(name: str, ctx: Context) -> dict[str, Policy] | None:
    """The policies of a namespace; None when it has none, as most have not."""
    namespace = ctx.store.find("namespaces", "", name)
    labels = (namespace.object["metadata"].get("labels") or {}) if namespace else {}
    return policies(labels)[0] if any(label.startswith(PREFIX) for label in labels) else None


def _warn(attributes: Attributes, policy: Policy, metadata: Object, spec: Object) -> None:
    if wrong := policy.forbidden(metadata, spec):
        attributes.warn(f'would violate PodSecurity "{policy}": {_detail(wrong)}')


def _detail(wrong: list[tuple[str, str]]) -> str:
    return ", ".join(f"{reason} ({detail})" if detail else reason for reason, detail in wrong)


def _violations(namespace: str, policy: Policy, ctx: Context) -> list[str]:
    """Warnings of the pods that are there: those with the same fault in one, under the first of their names."""
    names: dict[str, list[str]] = {}
    for stored in ctx.store.list("pods", namespace)[:MOST_PODS]:
        pod = stored.object
        if wrong := policy.forbidden(pod["metadata"], pod["spec"]):
            names.setdefault(", ".join(reason for reason, _ in wrong), []).append(pod["metadata"]["name"])
    if not names:
        return []
    told = []
    for reasons, pods in names.items():
        others = len(pods) - 1
        more = f" (and {others} other pod{'s' if others > 1 else ''})" if others else ""
        told.append(f"{min(pods)}{more}: {reasons}")
    head = f'existing pods in namespace "{namespace}" violate the new PodSecurity enforce level "{policy}"'
    return [head, *sorted(told)]


def _is_significant(pod: Object, old: Object) -> bool:
    """Whether an update changes what the checks look at: images, or containers that come."""

    def images(obj: Object) -> list[tuple[str, str]]:
        return [
            (container["name"], container.get("image", ""))
            for field in ("containers", "initContainers", "ephemeralContainers")
            for container in obj["spec"].get(field) or ()
        ]

    return images(pod) != images(old)
