"""Volumes whose files are the node's: hostPath and claims. What is on the node outlives the pods."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes.client import CoreV1Api

from k8slearn.embedded.cluster import Cluster

CLAIM = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}


def host_path(path, sort=""):
    return {"name": "h", "hostPath": {"path": path, "type": sort}}


def run(machine, name, volume, *, path="/d", script="", **mount):
    mounts = [{"name": volume["name"], "mountPath": path, **mount}]
    machine.run(name, script, volumes=[volume], container={"volumeMounts": mounts})


def bind(machine, *, phase="Bound", **spec):
    """A claim ``data`` as the volume controller would have bound it."""
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], **spec}
    machine.client.create("persistentvolumes", {"metadata": {"name": "v"}, "spec": spec})
    claim = {
        "metadata": {"name": "data", "namespace": "default"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "volumeName": "v",
        },
    }
    claim = machine.client.create("persistentvolumeclaims", claim)
    machine.client.set_status("persistentvolumeclaims", claim, {"phase": phase})


def refusal(machine, volume):
    run(machine, "refused", volume)
    (event,) = machine.events("refused")
    return event.removeprefix("Warning FailedMount: ")


def test_what_a_pod_writes_to_the_node_the_next_one_reads(machine):
    run(machine, "writer", host_path("/srv/shared"), script="echo kept > /d/note; sleep 9")
    machine.delete("writer", 0)
    machine.clock.settle()
    run(machine, "reader", host_path("/srv"), path="/s", readOnly=True)
    assert machine.exec("reader", "cat", "/s/shared/note")[0] == "kept\n"
    assert "Read-only file system" in machine.exec("reader", "sh", "-c", "echo no > /s/x")[1]


def test_a_node_that_crashes_keeps_its_files(machine):
    run(machine, "writer", host_path("/srv"), script="echo kept > /d/note; sleep 9")
    machine.kubelet.crash()
    machine.wait(60)
    machine.kubelet.start()
    machine.clock.settle()
    run(machine, "reader", host_path("/srv"))
    assert machine.exec("reader", "cat", "/d/note")[0] == "kept\n"


@pytest.mark.parametrize(
    ("sort", "why"),
    [
        ("File", ": /tmp is not a file, it's a Directory"),
        ("FileOrCreate", ": /tmp is not a file, it's a Directory"),
        ("Socket", ": /tmp is not a socket file, it's a Directory"),
        ("CharDevice", ": /tmp is not a character device, it's a Directory"),
        ("BlockDevice", ": /tmp is not a block device, it's a Directory"),
    ],
)
def test_what_is_at_a_path_must_be_of_the_type_asked_for(machine, sort, why):
    prefix = 'MountVolume.SetUp failed for volume "h" : hostPath type check failed'
    assert refusal(machine, host_path("/tmp", sort)) == prefix + why


def test_what_must_be_there_is_not_made(machine):
    assert refusal(machine, host_path("/nosuch", "Directory")) == (
        'MountVolume.SetUp failed for volume "h" : hostPath type check failed, /nosuch is not a directory, '
        'unable to determine its type: path "/nosuch" does not exist'
    )


def test_a_file_of_the_node_is_mounted_as_a_file_and_a_device_as_a_device(machine):
    run(machine, "name", host_path("/etc/hostname", "File"), path="/node-name")
    assert machine.exec("name", "cat", "/node-name")[0] == "worker-1\n"
    run(machine, "null", host_path("/dev/null", "CharDevice"), path="/nothing")
    assert machine.exec("null", "sh", "-c", "echo gone > /nothing; cat /nothing")[0] == ""


def test_pods_share_a_claim_and_its_data_outlives_them(machine):
    bind(machine, hostPath={"path": "/var/data"})
    for name in ("one", "two"):
        run(machine, name, CLAIM, script=f"echo {name} >> /d/log; sleep 99")
    assert machine.exec("one", "cat", "/d/log")[0] == "one\ntwo\n"
    for name in ("one", "two"):
        machine.delete(name, 0)
    machine.clock.settle()
    run(machine, "three", CLAIM, subPath="log", path="/the-log")
    assert machine.exec("three", "cat", "/the-log")[0] == "one\ntwo\n"


def test_a_claim_may_be_used_for_reading_only(machine):
    bind(machine, hostPath={"path": "/var/data"})
    source = {"name": "data", "persistentVolumeClaim": {"claimName": "data", "readOnly": True}}
    run(machine, "reader", source)
    assert "Read-only file system" in machine.exec("reader", "touch", "/d/x")[1]


def test_a_pod_waits_for_its_claim_and_starts_when_it_is_bound(machine):
    assert refusal(machine, CLAIM) == (
        "Unable to attach or mount volumes: unmounted volumes=[data kube-api-access-"
        f"{_token(machine)}], unattached volumes=[], failed to process volumes=[data]: error processing PVC "
        'default/data: failed to fetch PVC from API server: persistentvolumeclaims "data" not found'
    )
    bind(machine, phase="Pending", hostPath={"path": "/var/data"})
    machine.wait(10)
    assert any("default/data: PVC is not bound" in event for event in machine.events("refused"))
    claim = machine.client.get("persistentvolumeclaims", "default", "data")
    machine.client.set_status("persistentvolumeclaims", claim, {"phase": "Bound"})
    machine.wait(200)
    assert machine.pod("refused")["status"]["phase"] == "Running"


def _token(machine):
    volumes = machine.pod("refused")["spec"]["volumes"]
    return next(v["name"] for v in volumes if "projected" in v).removeprefix("kube-api-access-")


def test_a_volume_of_another_node_is_not_mounted(machine):
    elsewhere = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["worker-9"]}
    affinity = {"required": {"nodeSelectorTerms": [{"matchExpressions": [elsewhere]}]}}
    bind(machine, hostPath={"path": "/var/data"}, nodeAffinity=affinity)
    assert refusal(machine, CLAIM) == (
        'MountVolume.NodeAffinity check failed for volume "v" : no matching NodeSelectorTerms'
    )


def test_a_local_volume_must_be_there(machine):
    bind(machine, local={"path": "/mnt/disk"})
    assert refusal(machine, CLAIM) == (
        'MountVolume.NewMounter initialization failed for volume "v" : path "/mnt/disk" does not exist'
    )


def test_what_is_on_a_nodes_disk_is_there_when_the_cluster_is_started_again(tmp_path):
    journal = tmp_path / "journal"
    script = "echo start >> /d/log; ln -sf log /d/latest; sleep 999"
    pod = {
        "containers": [
            {
                "name": "a",
                "image": "busybox:1.37",
                "command": ["sh", "-c", script],
                "volumeMounts": [{"name": "data", "mountPath": "/d"}],
            }
        ],
        "volumes": [CLAIM],
    }
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    with Cluster(2, journal=journal) as cluster:
        for resource, name, spec in (("persistentvolumeclaims", "data", claim), ("pods", "db", pod)):
            cluster.client.create(
                resource, {"metadata": {"name": name, "namespace": "default"}, "spec": spec}
            )
        cluster.settle()
    with Cluster(2, journal=journal) as cluster:
        cluster.settle()
        core = CoreV1Api(cluster.api_client)
        restarted: Any = core.read_namespaced_pod("db", "default")
        assert restarted.status.container_statuses[0].restart_count == 1
        reader = {**pod["containers"][0], "command": ["cat", "/d/latest"]}
        spec = {**pod, "containers": [reader], "restartPolicy": "Never"}
        cluster.client.create("pods", {"metadata": {"name": "reader", "namespace": "default"}, "spec": spec})
        cluster.settle()
        assert core.read_namespaced_pod_log("reader", "default") == "start\nstart\n"
