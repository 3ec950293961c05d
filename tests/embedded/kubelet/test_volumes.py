"""Volumes: what they hold, who shares them, how they follow their source."""

from __future__ import annotations

import base64


def mounts(*pairs):
    return [{"name": name, "mountPath": path, **more} for name, path, more in pairs]


def read(machine, path, name="files", container="main"):
    return machine.exec(name, "cat", path, container=container)[0]


def run(machine, volumes, *pairs):
    machine.run("files", volumes=volumes, container={"volumeMounts": mounts(*pairs)})


def test_a_config_map_is_a_directory_of_links_that_is_read_only(machine):
    machine.make("configmaps", "conf", {"a.txt": "alpha", "b.txt": "beta"})
    run(machine, [{"name": "conf", "configMap": {"name": "conf"}}], ("conf", "/conf", {}))
    assert read(machine, "/conf/a.txt") == "alpha"
    assert machine.exec("files", "ls", "/conf")[0].split() == ["a.txt", "b.txt"]
    assert machine.exec("files", "readlink", "/conf/a.txt")[0] == "..data/a.txt\n"
    _, error, status = machine.exec("files", "sh", "-c", "echo x > /conf/a.txt")
    assert "Read-only file system" in error
    assert status["status"] == "Failure"


def test_items_choose_keys_and_name_their_files(machine):
    machine.make("configmaps", "conf", {"a.txt": "alpha", "b.txt": "beta"})
    items = [{"key": "b.txt", "path": "sub/renamed.txt"}]
    run(machine, [{"name": "c", "configMap": {"name": "conf", "items": items}}], ("c", "/part", {}))
    assert read(machine, "/part/sub/renamed.txt") == "beta"


def test_a_config_map_volume_follows_its_source_within_a_minute_but_a_sub_path_does_not(machine):
    old = machine.make("configmaps", "conf", {"mode": "slow"})
    run(
        machine,
        [{"name": "c", "configMap": {"name": "conf"}}],
        ("c", "/conf", {}),
        ("c", "/etc/mode", {"subPath": "mode"}),
    )
    machine.client.update("configmaps", {**old, "data": {"mode": "fast", "more": "1"}})
    machine.wait(1)
    assert read(machine, "/conf/mode") == "slow"
    machine.wait(60)
    assert read(machine, "/conf/mode") == "fast"
    assert read(machine, "/conf/more") == "1"
    assert read(machine, "/etc/mode") == "slow"


def test_a_change_of_the_pod_s_annotations_brings_its_volumes_up_to_date_at_once(machine):
    old = machine.make("configmaps", "conf", {"mode": "slow"})
    run(machine, [{"name": "c", "configMap": {"name": "conf"}}], ("c", "/conf", {}))
    machine.client.update("configmaps", {**old, "data": {"mode": "fast"}})
    pod = machine.pod("files")
    machine.client.update("pods", {**pod, "metadata": {**pod["metadata"], "annotations": {"look": "now"}}})
    machine.wait(1)
    assert read(machine, "/conf/mode") == "fast"


def test_an_empty_dir_is_shared_by_the_containers_and_outlives_their_restarts(machine):
    writer = {
        "name": "writer",
        "image": "busybox:1.37",
        "command": ["sh", "-c", "echo again >> /w/log; sleep 3; exit 1"],
        "volumeMounts": mounts(("w", "/w", {})),
    }
    reader = {**writer, "name": "reader", "command": ["sleep", "3600"]}
    machine.run("files", containers=[writer, reader], volumes=[{"name": "w", "emptyDir": {}}])
    machine.wait(6)
    assert read(machine, "/w/log", container="reader") == "again\nagain\n"


def test_secrets_are_decoded_and_a_projected_volume_joins_sources(machine):
    machine.make("secrets", "sec", {"token": base64.b64encode(b"t0ken").decode()})
    machine.make("configmaps", "conf", {"a.txt": "alpha"})
    labels = {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}
    sources = [{"secret": {"name": "sec"}}, {"configMap": {"name": "conf"}}, {"downwardAPI": labels}]
    machine.run(
        "files",
        metadata={"labels": {"app": "files", "tier": "web"}},
        volumes=[
            {"name": "all", "projected": {"sources": sources}},
            {"name": "s", "secret": {"secretName": "sec"}},
        ],
        container={"volumeMounts": mounts(("all", "/all", {}), ("s", "/sec", {}))},
    )
    assert read(machine, "/sec/token") == read(machine, "/all/token") == "t0ken"
    assert read(machine, "/all/a.txt") == "alpha"
    assert read(machine, "/all/labels") == 'app="files"\ntier="web"'


def test_every_pod_has_its_service_account_and_its_hosts_file(machine):
    machine.run("files", subdomain="head")
    folder = "/var/run/secrets/kubernetes.io/serviceaccount"
    assert read(machine, f"{folder}/namespace") == "default"
    assert read(machine, f"{folder}/ca.crt") == "the authority"
    assert read(machine, f"{folder}/token").count(".") == 2
    hosts = read(machine, "/etc/hosts")
    assert hosts.startswith("# Kubernetes-managed hosts file.\n")
    assert hosts.endswith("10.244.1.2\tfiles.head.default.svc.cluster.local\tfiles\n")


def test_a_missing_source_keeps_the_pod_creating_until_it_comes(machine):
    run(machine, [{"name": "conf", "secret": {"secretName": "absent"}}], ("conf", "/conf", {}))
    machine.wait(10)
    assert machine.container("files")["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert machine.events("files") == [
        'Warning FailedMount: MountVolume.SetUp failed for volume "conf" : secret "absent" not found'
    ]
    assert machine.count("files", "FailedMount") == 5
    assert machine.condition("files", "PodReadyToStartContainers")["message"] == "no pod sandbox exists"
    machine.make("secrets", "absent", {"k": base64.b64encode(b"v").decode()})
    machine.wait(20)
    assert read(machine, "/conf/k") == "v"


def test_a_kind_of_volume_that_is_not_supported_says_so(machine):
    run(machine, [{"name": "h", "rbd": {"image": "disk", "monitors": ["192.0.2.1"]}}], ("h", "/h", {}))
    assert machine.events("files") == [
        'Warning FailedMount: MountVolume.SetUp failed for volume "h" : '
        "rbd volumes are not supported by the embedded cluster"
    ]
