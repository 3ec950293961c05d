"""The checks of the Pod Security Standards. Upstream: ``pod-security-admission/policy``.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
A check gets a pod's metadata and spec, and says why it is forbidden and which part of it is: ``("hostPort",
'container "web" uses hostPort 80')``; None where the pod is well. ``CHECKS`` has them in the order of their messages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

Object = dict[str, Any]
Found = tuple[str, str] | None
"""The reason, and the detail."""

_HARMLESS_CAPABILITIES = frozenset(
    (
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"),
        *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    )
)
_HARMLESS_VOLUMES = (
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim"),
    *("projected", "secret"),
)
_SYSCTLS = {
    "kernel.shm_rmid_forced": 0,
    "net.ipv4.ip_local_port_range": 0,
    "net.ipv4.tcp_syncookies": 0,
    "net.ipv4.ping_group_range": 0,
    "net.ipv4.ip_unprivileged_port_start": 0,
    "net.ipv4.ip_local_reserved_ports": 27,
    "net.ipv4.tcp_keepalive_time": 29,
    "net.ipv4.tcp_fin_timeout": 29,
    "net.ipv4.tcp_keepalive_intvl": 29,
    "net.ipv4.tcp_keepalive_probes": 29,
    "net.ipv4.tcp_rmem": 32,
    "net.ipv4.tcp_wmem": 32,
    "net.ipv4.tcp_slow_start_after_idle": 37,
    "net.ipv4.tcp_notsent_lowat": 37,
}
"""Those that a pod may set, and the minor version of the policy from which on."""

_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"


def _containers(spec: Object) -> Iterable[Object]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(field) or ()


def _context(holder: Object) -> Object:
    return holder.get("securityContext") or {}


def _quoted(items: Iterable[str]) -> str:
    return ", ".join(f'"{item}"' for item in items)


def _named(noun: str, items: list[str]) -> str:
    """``container "a"``, ``containers "a", "b"``"""
    return f"{noun if len(items) == 1 else f'{noun}s'} {_quoted(items)}"


def _setters(pod: bool, containers: list[str]) -> str:
    """``pod and container "web"``"""
    return " and ".join(
        filter(None, ("pod" if pod else "", _named("container", containers) if containers else ""))
    )


# -- baseline -------------------------------------------------------------------------------------


def _app_armor(metadata: Object, spec: Object, minor: int) -> Found:
    allowed = ("RuntimeDefault", "Localhost")
    types = {c["name"]: (_context(c).get("appArmorProfile") or {}).get("type") for c in _containers(spec)}
    own = (_context(spec).get("appArmorProfile") or {}).get("type")
    bad = [name for name, found in types.items() if found and found not in allowed]
    is_pod = bool(own) and own not in allowed
    values = {str(types[name]) for name in bad} | ({str(own)} if is_pod else set())
    annotations = sorted(
        f"{key}={_quoted([value])}"
        for key, value in (metadata.get("annotations") or {}).items()
        if key.startswith(_APP_ARMOR)
        and value
        and value != "runtime/default"
        and not value.startswith("localhost/")
    )
    shown = [*sorted(values), *annotations]
    setters = [part for part in (_setters(is_pod, bad),) if part]
    setters += ["annotation" if len(annotations) == 1 else "annotations"] if annotations else []
    if not setters:
        return None
    reason = "forbidden AppArmor profile" if len(shown) == 1 else "forbidden AppArmor profiles"
    return reason, f"{' and '.join(setters)} must not set AppArmor profile type to {_quoted(shown)}"


def _capabilities(metadata: Object, spec: Object, minor: int) -> Found:
    added = {c["name"]: (_context(c).get("capabilities") or {}).get("add") or () for c in _containers(spec)}
    extra = {name: set(found) - _HARMLESS_CAPABILITIES for name, found in added.items()}
    bad = [name for name, found in extra.items() if found]
    if not bad:
        return None
    names = _quoted(sorted(set().union(*extra.values())))
    detail = f"{_named('container', bad)} must not include {names} in securityContext.capabilities.add"
    return "non-default capabilities", detail


def _host_namespaces(metadata: Object, spec: Object, minor: int) -> Found:
    used = [f"{field}=true" for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field)]
    return ("host namespaces", ", ".join(used)) if used else None


def _host_paths(metadata: Object, spec: Object, minor: int) -> Found:
    volumes = [v["name"] for v in spec.get("volumes") or () if v.get("hostPath") is not None]
    return ("hostPath volumes", _named("volume", volumes)) if volumes else None


def _host_ports(metadata: Object, spec: Object, minor: int) -> Found:
    used = {
        c["name"]: [p["hostPort"] for p in c.get("ports") or () if p.get("hostPort")]
        for c in _containers(spec)
    }
    bad = [name for name, ports in used.items() if ports]
    if not bad:
        return None
    ports = sorted({str(port) for found in used.values() for port in found})
    uses, noun = "uses" if len(bad) == 1 else "use", "hostPort" if len(ports) == 1 else "hostPorts"
    return "hostPort", f"{_named('container', bad)} {uses} {noun} {', '.join(ports)}"


def _host_probes(metadata: Object, spec: Object, minor: int) -> Found:
    hosts: dict[str, set[str]] = {}
    for container in _containers(spec):
        lifecycle = container.get("lifecycle") or {}
        handlers = [container.get(f"{sort}Probe") for sort in ("liveness", "readiness", "startup")]
        for handler in (*handlers, lifecycle.get("postStart"), lifecycle.get("preStop")):
            for action in ("httpGet", "tcpSocket"):
                if host := ((handler or {}).get(action) or {}).get("host"):
                    hosts.setdefault(container["name"], set()).add(host)
    if not hosts:
        return None
    found = sorted(set().union(*hosts.values()))
    uses = "uses" if len(hosts) == 1 else "use"
    noun = "probe or lifecycle host" if len(found) == 1 else "probe or lifecycle hosts"
    detail = f"{_named('container', sorted(hosts))} {uses} {noun} {_quoted(found)}"
    return "probe or lifecycle host", detail


def _privileged(metadata: Object, spec: Object, minor: int) -> Found:
    bad = [c["name"] for c in _containers(spec) if _context(c).get("privileged")]
    if not bad:
        return None
    return "privileged", f"{_named('container', bad)} must not set securityContext.privileged=true"


def _proc_mount(metadata: Object, spec: Object, minor: int) -> Found:
    types = {c["name"]: _context(c).get("procMount") or "Default" for c in _containers(spec)}
    bad = [name for name, found in types.items() if found != "Default"]
    if not bad:
        return None
    shown = _quoted(sorted({types[name] for name in bad}))
    return "procMount", f"{_named('container', bad)} must not set securityContext.procMount to {shown}"


def _unless_user_namespace(check: Check) -> Check:
    """From 1.35 on, who is root in a user namespace of the pod's own is not root."""

    def relaxed(metadata: Object, spec: Object, minor: int) -> Found:
        return None if minor >= 35 and spec.get("hostUsers") is False else check(metadata, spec, minor)

    return relaxed


def _selinux(metadata: Object, spec: Object, minor: int) -> Found:
    allowed = {"", "container_t", "container_init_t", "container_kvm_t"}
    allowed |= {"container_engine_t"} if minor >= 31 else set()
    options = {c["name"]: _context(c).get("seLinuxOptions") or {} for c in _containers(spec)}
    own = _context(spec).get("seLinuxOptions") or {}

    def is_bad(found: Object) -> bool:
        return found.get("type", "") not in allowed or bool(found.get("user") or found.get("role"))

    bad = [name for name, found in options.items() if is_bad(found)]
    if not bad and not is_bad(own):
        return None
    everywhere = (own, *options.values())
    types = sorted({found.get("type", "") for found in everywhere} - allowed)
    told = [_named("type", types)] if types else []
    told += [
        f"{part} may not be set" for part in ("user", "role") if any(found.get(part) for found in everywhere)
    ]
    setters = _setters(is_bad(own), bad)
    return "seLinuxOptions", f"{setters} set forbidden securityContext.seLinuxOptions: {'; '.join(told)}"


def _seccomp(metadata: Object, spec: Object, minor: int) -> Found:
    allowed = ("RuntimeDefault", "Localhost")
    types = {c["name"]: (_context(c).get("seccompProfile") or {}).get("type") for c in _containers(spec)}
    own = (_context(spec).get("seccompProfile") or {}).get("type")
    bad = [name for name, found in types.items() if found and found not in allowed]
    is_pod = bool(own) and own not in allowed
    if not bad and not is_pod:
        return None
    values = sorted({str(types[name]) for name in bad} | ({str(own)} if is_pod else set()))
    setters = _setters(is_pod, bad)
    return (
        "seccompProfile",
        f"{setters} must not set securityContext.seccompProfile.type to {_quoted(values)}",
    )


def _sysctls(metadata: Object, spec: Object, minor: int) -> Found:
    names = [sysctl["name"] for sysctl in _context(spec).get("sysctls") or ()]
    bad = [name for name in names if name not in _SYSCTLS or _SYSCTLS[name] > minor]
    return ("forbidden sysctls", ", ".join(bad)) if bad else None


def _host_process(metadata: Object, spec: Object, minor: int) -> Found:
    def is_one(holder: Object) -> bool:
        return bool((_context(holder).get("windowsOptions") or {}).get("hostProcess"))

    setters = _setters(is_one(spec), [c["name"] for c in _containers(spec) if is_one(c)])
    if not setters:
        return None
    return "hostProcess", f"{setters} must not set securityContext.windowsOptions.hostProcess=true"


# -- restricted -----------------------------------------------------------------------------------


def _privilege_escalation(metadata: Object, spec: Object, minor: int) -> Found:
    bad = [c["name"] for c in _containers(spec) if _context(c).get("allowPrivilegeEscalation") is not False]
    if not bad or _is_windows(spec, minor):
        return None
    detail = f"{_named('container', bad)} must set securityContext.allowPrivilegeEscalation=false"
    return "allowPrivilegeEscalation != false", detail


def _capabilities_dropped(metadata: Object, spec: Object, minor: int) -> Found:
    if _is_windows(spec, minor):
        return None
    found = {c["name"]: _context(c).get("capabilities") or {} for c in _containers(spec)}
    kept = [name for name, capabilities in found.items() if "ALL" not in (capabilities.get("drop") or ())]
    extra = {
        name: set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}
        for name, capabilities in found.items()
    }
    adding = [name for name, added in extra.items() if added]
    told = []
    if kept:
        told.append(f'{_named("container", kept)} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        names = _quoted(sorted(set().union(*extra.values())))
        told.append(
            f"{_named('container', adding)} must not include {names} in securityContext.capabilities.add"
        )
    return ("unrestricted capabilities", "; ".join(told)) if told else None


def _volumes(metadata: Object, spec: Object, minor: int) -> Found:
    sorts = {
        volume["name"]: next(
            (field for field in volume if field != "name" and volume[field] is not None), "unknown"
        )
        for volume in spec.get("volumes") or ()
    }
    bad = [name for name, sort in sorts.items() if sort not in _HARMLESS_VOLUMES]
    if not bad:
        return None
    types = sorted({sorts[name] for name in bad})
    uses = "uses" if len(bad) == 1 else "use"
    noun = "restricted volume type" if len(types) == 1 else "restricted volume types"
    return "restricted volume types", f"{_named('volume', bad)} {uses} {noun} {_quoted(types)}"


def _non_root(metadata: Object, spec: Object, minor: int) -> Found:
    own = _context(spec).get("runAsNonRoot")
    said = {c["name"]: _context(c).get("runAsNonRoot") for c in _containers(spec)}
    explicit = [name for name, value in said.items() if value is False]
    reason = "runAsNonRoot != true"
    if explicit or own is False:
        return reason, f"{_setters(own is False, explicit)} must not set securityContext.runAsNonRoot=false"
    silent = [name for name, value in said.items() if value is None]
    if own or not silent:
        return None
    return reason, f"pod or {_named('container', silent)} must set securityContext.runAsNonRoot=true"


def _non_root_user(metadata: Object, spec: Object, minor: int) -> Found:
    bad = [c["name"] for c in _containers(spec) if _context(c).get("runAsUser") == 0]
    setters = _setters(_context(spec).get("runAsUser") == 0, bad)
    return ("runAsUser=0", f"{setters} must not set runAsUser=0") if setters else None


def _seccomp_set(metadata: Object, spec: Object, minor: int) -> Found:
    if _is_windows(spec, minor):
        return None
    if (wrong := _seccomp(metadata, spec, minor)) is not None:
        return wrong
    silent = [c["name"] for c in _containers(spec) if not _context(c).get("seccompProfile")]
    if _context(spec).get("seccompProfile") or not silent:
        return None
    wanted = 'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return "seccompProfile", f"pod or {_named('container', silent)} must set {wanted}"


def _is_windows(spec: Object, minor: int) -> bool:
    return minor >= 25 and (spec.get("os") or {}).get("name") == "windows"


# -- all of them ----------------------------------------------------------------------------------

Check = Callable[[Object, Object, int], Found]


class Entry(NamedTuple):
    """A check, from which minor version of the policy on, and whether only ``baseline`` has it because
    ``restricted`` has a stricter one from a minor version on."""

    check: Check
    since: int = 0
    replaced: int | None = None


BASELINE = (
    Entry(_app_armor),
    Entry(_capabilities, replaced=22),
    Entry(_host_namespaces),
    Entry(_host_paths, replaced=0),
    Entry(_host_ports),
    Entry(_host_probes, since=34),
    Entry(_privileged),
    Entry(_unless_user_namespace(_proc_mount), replaced=35),
    Entry(_selinux),
    Entry(_seccomp, since=19, replaced=19),
    Entry(_sysctls),
    Entry(_host_process),
)
RESTRICTED = (
    Entry(_privilege_escalation, since=8),
    Entry(_capabilities_dropped, since=22),
    Entry(_proc_mount, since=35),
    Entry(_volumes),
    Entry(_unless_user_namespace(_non_root)),
    Entry(_unless_user_namespace(_non_root_user), since=23),
    Entry(_seccomp_set, since=19),
)


def forbidden(level: str, minor: int, metadata: Object, spec: Object) -> list[tuple[str, str]]:
    """Why a pod does not meet ``level`` (privileged, baseline, restricted) of a policy's ``minor`` version."""
    checks = [entry.check for entry in BASELINE if entry.since <= minor] if level == "baseline" else []
    if level == "restricted":
        kept = [e for e in BASELINE if e.since <= minor and (e.replaced is None or e.replaced > minor)]
        checks = [entry.check for entry in (*kept, *RESTRICTED) if entry.since <= minor]
    return [found for check in checks if (found := check(metadata, spec, minor)) is not None]
