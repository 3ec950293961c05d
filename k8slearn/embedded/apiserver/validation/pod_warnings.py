"""What is allowed in a pod, but hardly what was meant: texts for Warning headers.

Upstream: ``pkg/api/pod/warnings.go``. Not here: what it says of alpha annotations and of volume types that are
gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from k8slearn.embedded.apiserver.validation import formats
from k8slearn.kube import quantity

DEPRECATED_LABELS = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": (
        'deprecated since v1.17; use "topology.kubernetes.io/region" instead'
    ),
    "failure-domain.beta.kubernetes.io/zone": (
        'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'
    ),
    "beta.kubernetes.io/instance-type": (
        'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'
    ),
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods": (
        "deprecated since v1.22; use Taints and Tolerations instead"
    ),
    "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
}
"""Labels of nodes that have a newer name."""

NO_SELECTOR = "a null labelSelector results in matching no pod"

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def template_update_warnings(new: dict[str, Any], old: dict[str, Any]) -> Iterator[str]:
    """A workload whose spec has changed is warned of like a new one."""
    if new["metadata"].get("generation") != old["metadata"].get("generation"):
        yield from warn_of_template(new["spec"]["template"])


def warn_of_template(template: dict[str, Any]) -> Iterator[str]:
    yield from warn_of_pod_spec("spec.template.spec", template.get("spec") or {})


def warn_of_name(obj: dict[str, Any]) -> Iterator[str]:
    """The name of a workload that is allowed, and is no name for the pods that it gets."""
    if wrong := formats.dns_label(obj["metadata"]["name"]):
        yield (
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising "
            f"behavior; a DNS label is recommended: [{' '.join(wrong)}]"
        )


def warn_of_pod_spec(path: str, spec: dict[str, Any]) -> Iterator[str]:
    containers = [
        (f"{path}.{field}[{index}]", container)
        for field in ("initContainers", "containers")
        for index, container in enumerate(spec.get(field) or ())
    ]
    affinity = spec.get("affinity") or {}
    for label in spec.get("nodeSelector") or ():
        if label in DEPRECATED_LABELS:
            yield f"{path}.nodeSelector[{label}]: {DEPRECATED_LABELS[label]}"
    yield from _node_affinity(f"{path}.affinity.nodeAffinity", affinity.get("nodeAffinity") or {})
    yield from _spread(f"{path}.topologySpreadConstraints", spec.get("topologySpreadConstraints") or ())
    for volume in spec.get("volumes") or ():
        yield from _overlaps(volume)
    yield from _repeated(f"{path}.hostAliases", "ip", spec.get("hostAliases") or ())
    secrets = spec.get("imagePullSecrets") or ()
    yield from _repeated(f"{path}.imagePullSecrets", "name", secrets)
    for index, secret in enumerate(secrets):
        if not secret.get("name"):
            yield f'{path}.imagePullSecrets[{index}].name: invalid empty name ""'
    for at, container in containers:
        yield from _fractions(f"{at}.resources", container.get("resources") or {})
        yield from _hidden_variables(f"{at}.env", container.get("env") or ())
    yield from _ports([(f"{at}.ports", container.get("ports") or ()) for at, container in containers])
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        at = f"{path}.terminationGracePeriodSeconds"
        yield f"{at}: must be >= 0; negative values are invalid and will be treated as 1"
    for field in ("podAffinity", "podAntiAffinity"):
        yield from _pod_affinity(f"{path}.affinity.{field}", affinity.get(field) or {})


def _node_affinity(path: str, affinity: dict[str, Any]) -> Iterator[str]:
    for index, term in enumerate((affinity.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ()):
        for at, expression in _expressions(f"{path}.{_REQUIRED}.nodeSelectorTerms[{index}]", term):
            yield from _deprecated_key(at, expression)
    for index, preferred in enumerate(affinity.get(_PREFERRED) or ()):
        preference = preferred.get("preference") or {}
        for at, expression in _expressions(f"{path}.{_PREFERRED}[{index}].preference", preference):
            yield from _deprecated_key(at, expression)
            for number, value in enumerate(expression.get("values") or ()):
                for wrong in formats.label_value(value):
                    yield f"{at}.values[{number}]: {value} is invalid, {wrong}"


def _expressions(path: str, term: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        yield f"{path}.matchExpressions[{index}]", expression


def _deprecated_key(path: str, expression: dict[str, Any]) -> Iterator[str]:
    key = expression.get("key", "")
    if key in DEPRECATED_LABELS:
        yield f"{path}.key: {key} is {DEPRECATED_LABELS[key]}"


def _spread(path: str, constraints: Sequence[dict[str, Any]]) -> Iterator[str]:
    for index, constraint in enumerate(constraints):
        key = constraint.get("topologyKey", "")
        if key in DEPRECATED_LABELS:
            yield f"{path}[{index}].topologyKey: {key} is {DEPRECATED_LABELS[key]}"
        if constraint.get("labelSelector") is None:
            yield f"{path}[{index}].labelSelector: {NO_SELECTOR}"


def _pod_affinity(path: str, affinity: dict[str, Any]) -> Iterator[str]:
    for index, term in enumerate(affinity.get(_REQUIRED) or ()):
        if term.get("labelSelector") is None:
            yield f"{path}.{_REQUIRED}[{index}].labelSelector: {NO_SELECTOR}"
    for index, weighted in enumerate(affinity.get(_PREFERRED) or ()):
        if (weighted.get("podAffinityTerm") or {}).get("labelSelector") is None:
            yield f"{path}.{_PREFERRED}[{index}].podAffinityTerm.labelSelector: {NO_SELECTOR}"


def _repeated(path: str, field: str, items: Sequence[dict[str, Any]]) -> Iterator[str]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        value = item.get(field, "")
        if value in seen:
            yield f'{path}[{index}].{field}: duplicate {field} "{value}"'
        seen.add(value)


def _fractions(path: str, resources: dict[str, Any]) -> Iterator[str]:
    """``memory: 400m`` is 0.4 bytes; 400Mi was meant."""
    for name in ("memory", "ephemeral-storage"):
        for field in ("limits", "requests"):
            amount = (resources.get(field) or {}).get(name)
            if amount is not None and quantity.parse(amount).denominator != 1:
                yield f'{path}.{field}[{name}]: fractional byte value "{amount}" is invalid, must be an integer'


def _hidden_variables(path: str, variables: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A second definition that does not build on the first, as ``$(PATH):/more`` does."""
    seen: set[str] = set()
    for index, variable in enumerate(variables):
        name, value = variable.get("name", ""), variable.get("value", "")
        reference = f"$({name})"
        builds_on = reference in value and value != reference and variable.get("valueFrom") is None
        if name in seen and not builds_on:
            rest = "which may be dropped when using apply"
            yield f'{path}[{index}]: hides previous definition of "{name}", {rest}'
        seen.add(name)


def _ports(groups: Sequence[tuple[str, Sequence[dict[str, Any]]]]) -> Iterator[str]:
    """All ports of all containers: they share one address, and their names."""
    ports = [(f"{path}[{index}]", port) for path, group in groups for index, port in enumerate(group)]
    for number, (path, port) in enumerate(ports):
        for other_path, other in ports[:number]:
            if how := _clash(port, other):
                yield f"{path}: {how} port definition with {other_path}"
    named: dict[str, str] = {}
    for path, port in ports:
        first = named.setdefault(port["name"], path) if port.get("name") else path
        if first != path:
            yield (
                f'{path}: duplicate port name "{port["name"]}" with {first}, services and probes that select '
                f"ports by name will use {first}"
            )


def _clash(port: dict[str, Any], other: dict[str, Any]) -> str:
    if any(port.get(field) != other.get(field) for field in ("containerPort", "protocol")):
        return ""
    mine, theirs = ((p.get("hostIP", ""), p.get("hostPort", 0)) for p in (port, other))
    if mine == theirs:
        return "duplicate"
    if not mine[1] or not theirs[1]:
        return "overlapping"
    return "dangerously ambiguous" if mine[1] == theirs[1] and "" in (mine[0], theirs[0]) else ""


def _overlaps(volume: dict[str, Any]) -> Iterator[str]:
    """Two files of a volume in one place, or one where the other needs a directory."""
    projected = volume.get("projected")
    if projected is not None:
        described, files = "Projected", []
        for source in projected.get("sources") or ():
            if not source:
                yield f'volume "{volume["name"]}" (Projected) has no sources provided'
            for sort, content in source.items():
                files += [(path, _described(sort, content)) for path in _paths(content)]
    else:
        source = next(((s, volume[s]) for s in ("configMap", "secret", "downwardAPI") if s in volume), None)
        if source is None:
            return
        described, files = _described(*source), [(path, "") for path in _paths(source[1])]
    for number, (path, source) in enumerate(files):
        for other, other_source in files[:number]:
            if path and other and (f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/")):
                both = f"{_quoted(path, source)} with {_quoted(other, other_source)}"
                yield f'volume "{volume["name"]}" ({described}): overlapping paths: {both}'


def _paths(source: dict[str, Any]) -> list[str]:
    items = [source] if "path" in source else source.get("items") or ()
    return [item.get("path", "").rstrip("/") for item in items]


def _described(sort: str, source: dict[str, Any]) -> str:
    """``ConfigMap "app"``, ``DownwardAPI``."""
    name = source.get("name") or source.get("secretName")
    title = f"{sort[0].upper()}{sort[1:]}"
    return f'{title} "{name}"' if name and sort != "serviceAccountToken" else title


def _quoted(path: str, source: str) -> str:
    return f'"{path}" ({source})' if source else f'"{path}"'
