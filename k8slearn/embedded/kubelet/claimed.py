"""Volumes whose files are the node's: hostPath, and what a pod's claims are bound to.

Upstream: ``pkg/kubelet/volumemanager`` (how a claim leads to its volume), ``pkg/volume/hostpath``, ``local``.
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.kubelet.host import Host
from k8slearn.embedded.kubelet.node_files import MADE_BY_KUBELET, MADE_BY_PROVISIONER, MountError
from k8slearn.embedded.runtime.files import Node
from k8slearn.kube.node_selectors import matches_node_selector
from k8slearn.kube.storage import PROVISIONED_BY, annotations_of

Object = dict[str, Any]


class ClaimError(Exception):
    """A claim does not lead to a volume: ``default/data: PVC is not bound``."""


def on_node(host: Host, pod: Object, volume: Object) -> Node | None:
    """The node's directory or file that ``volume`` of ``pod`` shows; None for a volume of another kind.

    Raises ClaimError, and MountError with the whole sentence of FailedMount.
    """
    if source := volume.get("hostPath"):
        return _host_path(host, volume["name"], source, MADE_BY_KUBELET)
    claim = volume.get("persistentVolumeClaim")
    if claim is None and "ephemeral" not in volume:
        return None
    name = claim["claimName"] if claim else f"{pod['metadata']['name']}-{volume['name']}"
    return _persistent(host, _bound_volume(host, pod["metadata"]["namespace"], name))


def clean_up(host: Host, volume: Object) -> None:
    """Remove the directory of a volume that was made on this node and is gone (the provisioner's helper pod)."""
    annotations, spec = annotations_of(volume), volume["spec"]
    here = annotations.get("local.path.provisioner/selected-node") == host.name
    if here and spec["persistentVolumeReclaimPolicy"] == "Delete":
        host.files.remove(spec["hostPath"]["path"])


def _bound_volume(host: Host, namespace: str, name: str) -> Object:
    claim = host.client.get("persistentvolumeclaims", namespace, name)
    if claim is None:
        missing = f'persistentvolumeclaims "{name}" not found'
        raise ClaimError(f"{namespace}/{name}: failed to fetch PVC from API server: {missing}")
    wanted = claim["spec"].get("volumeName", "")
    if claim["status"]["phase"] != "Bound" or not wanted:
        raise ClaimError(f"{namespace}/{name}: PVC is not bound")
    volume = host.client.get("persistentvolumes", "", wanted)
    if volume is None:
        raise ClaimError(
            f'{namespace}/{name}: failed to fetch PV {wanted} from API server: persistentvolumes "{wanted}" not found'
        )
    return volume


def _persistent(host: Host, volume: Object) -> Node:
    name, spec = volume["metadata"]["name"], volume["spec"]
    required = (spec.get("nodeAffinity") or {}).get("required")
    node = host.client.get("nodes", "", host.name)
    labels = (node["metadata"].get("labels") or {}) if node else {}
    if required is not None and not matches_node_selector(required, host.name, labels):
        raise MountError(
            f'MountVolume.NodeAffinity check failed for volume "{name}" : no matching NodeSelectorTerms'
        )
    if source := spec.get("hostPath"):
        provisioned = PROVISIONED_BY in annotations_of(volume)
        return _host_path(host, name, source, MADE_BY_PROVISIONER if provisioned else MADE_BY_KUBELET)
    if source := spec.get("local"):
        try:
            return host.files.local(source["path"])
        except MountError as error:
            what = "MountVolume.NewMounter initialization failed"
            raise MountError(f'{what} for volume "{name}" : {error}') from None
    kinds = [kind for kind in spec if kind not in _NO_SOURCE]
    why = f"{kinds[0] if kinds else 'unknown'} volumes are not supported by the embedded cluster"
    raise MountError(f'MountVolume.SetUp failed for volume "{name}" : {why}')


_NO_SOURCE = frozenset(
    (
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    )
)
"""The fields of a volume that do not say what it is made of."""


def _host_path(host: Host, name: str, source: Object, mode: int) -> Node:
    try:
        return host.files.host_path(source["path"], source.get("type") or "", mode)
    except MountError as error:
        raise MountError(f'MountVolume.SetUp failed for volume "{name}" : {error}') from None
