"""A pod's volumes: what its containers share, of the pod (emptyDir), of API objects (ConfigMap, Secret,
downwardAPI, projected), or of the node (hostPath, PersistentVolumeClaim). Upstream: pkg/volume, and
pkg/volume/util/atomic_writer.go for how updates come in.

A file ``conf/mode`` is a link to ``..data/mode``, and ``..data`` a link to a directory named after the time;
an update makes a new one and turns the link, so that a program sees all of the old or all of the new. A
``subPath`` mount is bound to the file of the moment, which is why it never sees an update.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from k8slearn.embedded.kubelet import fields
from k8slearn.embedded.kubelet.claimed import ClaimError, on_node
from k8slearn.embedded.kubelet.env import decoded, expand
from k8slearn.embedded.kubelet.host import Host
from k8slearn.embedded.kubelet.node_files import MountError, directories
from k8slearn.embedded.kubelet.tokens import PodToken
from k8slearn.embedded.runtime.files import (
    SETGID,
    Directory,
    FileSystem,
    GeneratedFile,
    Node,
    RegularFile,
    Symlink,
    freeze,
    tree,
    walk,
)

Object = dict[str, Any]
Files = dict[str, tuple[bytes | PodToken, int]]
"""Paths in a volume, with content and mode."""


WRITABLE = ("emptyDir", "hostPath", "persistentVolumeClaim", "ephemeral")
"""Sources whose files a container may change, unless its mount or the claim's says ``readOnly``."""


READABLE = 0o440
"""What a pod's fsGroup may do with the files that the kubelet writes, whatever their mode."""


class Volumes:
    """The volumes of one pod."""

    def __init__(self, host: Host, pod: Object) -> None:
        self._host = host
        self._mounted: dict[str, Node] = {}
        self._tokens: dict[tuple[str, int], PodToken] = {}
        self.pod = pod
        self.watched = set(_references(pod))
        """``(resource, name)`` of the ConfigMaps and Secrets that the volumes are made from."""

    def mount(self, allocatable: dict[str, str], ip: str = "") -> str | None:
        """Set up what is not there yet. What FailedMount says of the first volume that fails, or None."""
        waiting = [v for v in self.pod["spec"].get("volumes") or () if v["name"] not in self._mounted]
        unmounted = " ".join(sorted(volume["name"] for volume in waiting))
        failure: str | None = None
        for volume in waiting:
            name = volume["name"]
            try:
                self._mounted[name] = self._source_of(volume, allocatable, ip)
            except ClaimError as error:
                failure = failure or (
                    f"Unable to attach or mount volumes: unmounted volumes=[{unmounted}], unattached volumes=[], "
                    f"failed to process volumes=[{name}]: error processing PVC {error}"
                )
            except MountError as error:
                failure = failure or str(error)
        return failure

    def mounted(self, name: str) -> Node | None:
        """What the volume ``name`` shows; None before it is set up."""
        return self._mounted.get(name)

    def _source_of(self, volume: Object, allocatable: dict[str, str], ip: str) -> Node:
        """What is going to be mounted. Raises ClaimError, MountError with the whole sentence."""
        if node := on_node(self._host, self.pod, volume):
            return node
        try:
            files = self._files(volume, allocatable, ip)
        except MountError as error:
            raise MountError(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}') from None
        memory = (volume.get("emptyDir") or {}).get("medium") == "Memory"
        directory = Directory(mode=0o1777 if memory else 0o777, modified=self._host.clock.now)
        if (group := self._fs_group) is not None:
            directory.gid = group
            directory.mode |= SETGID
        if files is not None:
            self._write(directory, files)
        return directory

    @property
    def _fs_group(self) -> int | None:
        """Who may read and write the volumes besides their owner, by the pod's securityContext."""
        return (self.pod["spec"].get("securityContext") or {}).get("fsGroup")

    def refresh(self, allocatable: dict[str, str], ip: str) -> None:
        """Bring ConfigMaps, Secrets and the pod's own fields up to date. What went missing stays."""
        for volume in self.pod["spec"].get("volumes") or ():
            directory = self._mounted.get(volume["name"])
            try:
                files = self._files(volume, allocatable, ip)
            except MountError:
                continue
            if files is not None and isinstance(directory, Directory) and files != _contents(directory):
                self._write(directory, files)

    def place(self, container: Object, files: FileSystem, env: dict[str, str]) -> None:
        """Mount the volumes of ``container`` into its ``files``; ``env`` is for ``subPathExpr``."""
        kinds = {volume["name"]: volume for volume in self.pod["spec"].get("volumes") or ()}
        for mount in container.get("volumeMounts") or ():
            node, volume = self._mounted[mount["name"]], kinds[mount["name"]]
            sub_path = mount.get("subPath") or expand(mount.get("subPathExpr") or "", env)
            if sub_path and isinstance(node, Directory):
                node = directories(FileSystem(node, lambda: self._host.clock.now), sub_path, 0o777)
            claim = volume.get("persistentVolumeClaim") or {}
            writable = any(source in volume for source in WRITABLE) and not claim.get("readOnly")
            files.mount(mount["mountPath"], node, read_only=bool(mount.get("readOnly")) or not writable)

    # -- sources --------------------------------------------------------------------------------

    def _files(self, volume: Object, allocatable: dict[str, str], ip: str) -> Files | None:
        """What the kubelet writes into a volume; None where the files are the containers' own."""
        if any(source in volume for source in WRITABLE):
            return None
        for kind in ("configMap", "secret", "downwardAPI", "projected"):
            if (source := volume.get(kind)) is not None:
                parts = source.get("sources") or () if kind == "projected" else [volume]
                files: Files = {}
                for part in parts:
                    files |= self._source(part, source.get("defaultMode", 0o644), allocatable, ip)
                extra = 0 if self._fs_group is None else READABLE
                return {path: (content, mode | extra) for path, (content, mode) in files.items()}
        raise MountError(_unsupported(volume, self.pod))

    def _source(self, part: Object, mode: int, allocatable: dict[str, str], ip: str) -> Files:
        if "serviceAccountToken" in part:
            source = part["serviceAccountToken"]
            return {source["path"]: (self._token(source), mode)}
        if "downwardAPI" in part:
            return {
                item["path"]: (self._downward(item, allocatable, ip).encode(), item.get("mode", mode))
                for item in part["downwardAPI"].get("items") or ()
            }
        kind = "configMap" if "configMap" in part else "secret"
        source = part[kind]
        name = source.get("secretName") or source.get("name", "")
        obj = self._host.client.get(f"{kind.lower()}s", self.pod["metadata"]["namespace"], name)
        if obj is None:
            if source.get("optional"):
                return {}
            raise MountError(f'{kind.lower()} "{name}" not found')
        data = decoded(kind, obj)
        items = source.get("items")
        if not items:
            return {key: (content, mode) for key, content in data.items()}
        chosen: Files = {}
        for item in items:
            if item["key"] in data:
                chosen[item["path"]] = (data[item["key"]], item.get("mode", mode))
            elif not source.get("optional"):
                what = "config" if kind == "configMap" else "secret"
                raise MountError(f"references non-existent {what} key: {item['key']}")
        return chosen

    def _downward(self, item: Object, allocatable: dict[str, str], ip: str) -> str:
        if reference := item.get("fieldRef"):
            return fields.field(self.pod, reference["fieldPath"], ip=ip, host_ip=self._host.ip)
        reference = item["resourceFieldRef"]
        spec = self.pod["spec"]
        containers = (*spec["containers"], *(spec.get("initContainers") or ()))
        owner = next(c for c in containers if c["name"] == reference.get("containerName"))
        return fields.resource(owner, reference["resource"], reference.get("divisor"), allocatable)

    def _token(self, source: Object) -> PodToken:
        key = (source.get("audience", ""), source["expirationSeconds"])
        if key not in self._tokens:
            self._tokens[key] = PodToken(self._host, self.pod, source)
        return self._tokens[key]

    # -- writing --------------------------------------------------------------------------------

    def _write(self, directory: Directory, files: Files) -> None:
        now = self._host.clock.now
        payload = tree({path: _file(content, mode, now) for path, (content, mode) in files.items()})
        if (group := self._fs_group) is not None:
            for _, node in walk(payload, "/"):
                node.gid = group
                node.mode |= SETGID if isinstance(node, Directory) else 0
        freeze(payload)
        stamp = datetime.fromtimestamp(now, UTC).strftime("..%Y_%m_%d_%H_%M_%S.")
        stamp += f"{int(now * 1e9) % 10**9:09d}"
        tops = dict.fromkeys(path.partition("/")[0] for path in files)
        directory.children = {
            stamp: payload,
            "..data": Symlink(stamp, modified=now),
            **{top: Symlink(f"..data/{top}", modified=now) for top in tops},
        }


def _contents(directory: Directory) -> Files:
    payload = next(node for node in directory.children.values() if isinstance(node, Directory))
    return dict(_regular_files(payload, ""))


def _file(content: bytes | PodToken, mode: int, now: float) -> RegularFile:
    if isinstance(content, PodToken):
        return GeneratedFile(content, mode, modified=now)
    return RegularFile(content, mode, modified=now)


def _regular_files(directory: Directory, prefix: str) -> Iterator[tuple[str, tuple[Any, int]]]:
    for name, node in directory.children.items():
        if isinstance(node, Directory):
            yield from _regular_files(node, f"{prefix}{name}/")
        elif isinstance(node, GeneratedFile):
            yield prefix + name, (node.generate, node.mode)
        elif isinstance(node, RegularFile):
            yield prefix + name, (node.content, node.mode)


def _unsupported(volume: Object, pod: Object) -> str:
    """What a node says that has neither the driver nor the file system: kind's nodes have none of them."""
    if csi := volume.get("csi"):
        return (
            "kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name "
            f"{csi['driver']} not found in the list of registered CSI drivers"
        )
    if nfs := volume.get("nfs"):
        where = f"/var/lib/kubelet/pods/{pod['metadata']['uid']}/volumes/kubernetes.io~nfs/{volume['name']}"
        return (
            "mount failed: exit status 32\nMounting command: mount\nMounting arguments:  -t nfs "
            f"{nfs['server']}:{nfs['path']} {where}\nOutput: mount: {where}: unknown filesystem type 'nfs'.\n"
            "       dmesg(1) may have more information after failed mount system call.\n"
        )
    kind = next((key for key in volume if key != "name"), "unknown")
    return f"{kind} volumes are not supported by the embedded cluster"


def _references(pod: Object) -> Iterator[tuple[str, str]]:
    for volume in pod["spec"].get("volumes") or ():
        for part in (volume, *((volume.get("projected") or {}).get("sources") or ())):
            if source := part.get("configMap"):
                yield "configmaps", source.get("name", "")
            if source := part.get("secret"):
                yield "secrets", source.get("secretName") or source.get("name", "")
