"""Whose processes and files a pod's are, by its securityContext."""

from __future__ import annotations

from typing import Any

OWNED = {"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000, "supplementalGroups": [4000]}


def run(machine: Any, security: dict[str, Any], script: str, *, whole: dict[str, Any] | None = None) -> str:
    volumes = [{"name": "v", "emptyDir": {}}, {"name": "c", "configMap": {"name": "kube-root-ca.crt"}}]
    mounts = [{"name": "v", "mountPath": "/data"}, {"name": "c", "mountPath": "/conf"}]
    container = {"securityContext": security, "volumeMounts": mounts}
    machine.run("box", container=container, volumes=volumes, **(whole or {}))
    return machine.exec("box", "sh", "-c", script)[0]


def test_id_names_the_user_and_all_groups(machine):
    shown = run(machine, {}, "id", whole={"securityContext": OWNED})
    assert shown == "uid=1000 gid=3000 groups=2000,3000,4000\n"


def test_the_status_says_the_same(machine):
    run(machine, {}, "true", whole={"securityContext": OWNED})
    user = machine.pod("box")["status"]["containerStatuses"][0]["user"]
    assert user == {"linux": {"uid": 1000, "gid": 3000, "supplementalGroups": [2000, 3000, 4000]}}


def test_a_volume_belongs_to_the_pods_group_and_so_does_what_is_made_in_it(machine):
    script = "echo x > /data/f; mkdir /data/d; stat -c '%A %u %g' /data /data/f /data/d"
    shown = run(machine, {}, script, whole={"securityContext": OWNED})
    assert shown.splitlines() == ["drwxrwsrwx 0 2000", "-rw-r--r-- 1000 2000", "drwxr-sr-x 1000 2000"]


def test_files_that_the_kubelet_writes_can_be_read_by_the_pods_group(machine):
    shown = run(machine, {}, "stat -L -c '%A %g' /conf/ca.crt", whole={"securityContext": OWNED})
    assert shown == "-rw-r--r-- 2000\n"


def test_without_a_group_the_files_are_roots(machine):
    shown = run(machine, {"runAsUser": 1000}, "id; echo x > /data/f; stat -c '%u %g' /data/f")
    assert shown == "uid=1000 gid=0(root) groups=0(root)\n1000 0\n"


def test_the_containers_own_context_wins(machine):
    shown = run(machine, {"runAsUser": 7}, "id -u", whole={"securityContext": OWNED})
    assert shown == "7\n"


def test_a_read_only_root_is_so_for_everybody_and_volumes_are_not(machine):
    security = {"readOnlyRootFilesystem": True, "runAsUser": 1000}
    script = "exec 2>&1; touch /x; mkdir /y; echo z > /tmp/z; echo ok > /data/f; cat /data/f"
    assert run(machine, security, script).splitlines() == [
        "touch: /x: Read-only file system",
        "mkdir: can't create directory '/y': Read-only file system",
        "sh: can't create /tmp/z: Read-only file system",
        "ok",
    ]


def test_another_group_opens_what_the_mode_allows_it(machine):
    script = "chmod 640 /data/f 2>/dev/null; echo x > /data/f; chmod 640 /data/f; cat /data/f"
    assert run(machine, {}, script, whole={"securityContext": OWNED}) == "x\n"


def test_proc_tells_whose_a_process_is(machine):
    shown = run(machine, {}, "grep Groups /proc/self/status", whole={"securityContext": OWNED})
    assert shown == "Groups:\t2000 3000 4000 \n"
