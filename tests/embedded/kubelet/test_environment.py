"""What a container finds in its environment."""

from __future__ import annotations

import base64

import pytest

from k8slearn.embedded.kubelet.env import expand


def env(machine, name="envs"):
    return dict(line.split("=", 1) for line in machine.logs(name).splitlines() if "=" in line)


def run(machine, **container):
    machine.run("envs", "env", container=container, restartPolicy="Never", metadata=META)
    machine.wait(3)


META = {"labels": {"app": "envs"}, "annotations": {"team": "blue"}}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "1"),
        ("$(A)-$(B)-$$(A)", "1-$(B)-$(A)"),
        ("$A $$ $", "$A $ $"),
        ("$(A", "$(A"),
        ("$$$(A)", "$1"),
    ],
)
def test_references_are_expanded(text, expanded):
    assert expand(text, {"A": "1"}) == expanded


def test_variables_refer_to_those_before_them_only(machine):
    machine.make("configmaps", "settings", {"mode": "fast", "level": "3"})
    run(
        machine,
        env=[
            {"name": "PLAIN", "value": "plain"},
            {"name": "REF", "value": "$(PLAIN)-$(MODE)"},
            {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode"}}},
            {"name": "REF2", "value": "$(MODE)"},
        ],
    )
    found = env(machine)
    assert (found["REF"], found["REF2"]) == ("plain-$(MODE)", "fast")


def test_whole_config_maps_and_secrets_come_with_a_prefix(machine):
    machine.make("configmaps", "settings", {"mode": "fast"})
    machine.make("secrets", "login", {"password": base64.b64encode(b"s3cret").decode()})
    run(
        machine,
        envFrom=[
            {"prefix": "ALL_", "configMapRef": {"name": "settings"}},
            {"secretRef": {"name": "login"}},
            {"secretRef": {"name": "absent", "optional": True}},
        ],
        env=[{"name": "password", "value": "mine"}],
    )
    found = env(machine)
    assert (found["ALL_mode"], found["password"]) == ("fast", "mine")


def test_fields_and_resources_of_the_pod_itself(machine):
    def field(name, path):
        return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}

    def resource(name, path, divisor="0"):
        return {"name": name, "valueFrom": {"resourceFieldRef": {"resource": path, "divisor": divisor}}}

    run(
        machine,
        resources={"requests": {"cpu": "125m"}, "limits": {"cpu": "500m", "memory": "64Mi"}},
        env=[
            field("F_NAME", "metadata.name"),
            field("F_LABEL", "metadata.labels['app']"),
            field("F_ANNOTATION", "metadata.annotations['team']"),
            field("F_NODE", "spec.nodeName"),
            field("F_IP", "status.podIP"),
            field("F_HOST", "status.hostIP"),
            resource("R_CPU", "limits.cpu"),
            resource("R_MILLI", "requests.cpu", "1m"),
            resource("R_BYTES", "limits.memory"),
            resource("R_MI", "limits.memory", "1Mi"),
        ],
    )
    found = env(machine)
    fields = [found[f"F_{name}"] for name in ("NAME", "LABEL", "ANNOTATION", "NODE", "IP", "HOST")]
    assert fields == ["envs", "envs", "blue", "worker-1", "10.244.1.2", "172.18.0.3"]
    assert [found[f"R_{name}"] for name in ("CPU", "MILLI", "BYTES", "MI")] == ["1", "125", "67108864", "64"]


def test_a_limit_that_is_not_set_is_what_the_node_has(machine):
    run(machine, env=[{"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}])
    assert env(machine)["CPU"] == "4"


def test_services_are_in_the_environment_unless_the_pod_declines(machine):
    spec = {"clusterIP": "10.96.0.7", "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}
    machine.client.create(
        "services",
        {"metadata": {"name": "my-web", "namespace": "default"}, "spec": {**spec, "type": "ClusterIP"}},
    )
    run(machine)
    found = env(machine)
    address = found["MY_WEB_SERVICE_HOST"]
    assert found["MY_WEB_SERVICE_PORT_HTTP"] == "80"
    assert found["MY_WEB_PORT_80_TCP"] == f"tcp://{address}:80"
    machine.run("plain", "env", restartPolicy="Never", enableServiceLinks=False)
    assert "MY_WEB_SERVICE_HOST" not in env(machine, "plain")


def test_command_and_args_are_expanded_too(machine):
    machine.run(
        "words",
        container={"command": ["echo", "$(WHO)"], "env": [{"name": "WHO", "value": "world"}]},
        restartPolicy="Never",
    )
    assert machine.logs("words") == "world\n"


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ({"envFrom": [{"configMapRef": {"name": "settings"}}]}, 'configmap "settings" not found'),
        ({"envFrom": [{"secretRef": {"name": "login"}}]}, 'secret "login" not found'),
        (
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "there", "key": "mode"}}}]},
            "couldn't find key mode in ConfigMap default/there",
        ),
    ],
)
def test_what_is_missing_is_a_config_error(machine, container, message):
    machine.make("configmaps", "there", {"other": "1"})
    machine.run("envs", container=container)
    machine.wait(2)
    assert machine.container("envs")["state"]["waiting"] == {
        "reason": "CreateContainerConfigError",
        "message": message,
    }
    assert f"Warning Failed: Error: {message}" in machine.events("envs")
    assert machine.pod("envs")["status"]["phase"] == "Pending"


def test_a_config_error_goes_away_when_the_config_map_comes(machine):
    machine.run("envs", container={"envFrom": [{"configMapRef": {"name": "settings"}}]})
    machine.wait(20)
    machine.make("configmaps", "settings", {"mode": "fast"})
    machine.wait(20)
    assert "running" in machine.container("envs")["state"]


def test_root_is_refused_where_the_pod_says_so(machine):
    machine.run("box", container={"securityContext": {"runAsNonRoot": True}})
    machine.wait(2)
    uid = machine.pod("box")["metadata"]["uid"]
    assert machine.container("box")["state"]["waiting"]["message"] == (
        f'container has runAsNonRoot and image will run as root (pod: "box_default({uid})", container: main)'
    )


def test_a_pod_may_be_called_by_its_full_name(machine):
    machine.run("box", hostname="one", subdomain="head", setHostnameAsFQDN=True)
    full = "one.head.default.svc.cluster.local"
    assert (
        machine.exec("box", "sh", "-c", "hostname; cat /etc/hostname; echo $HOSTNAME")[0] == f"{full}\n" * 3
    )
    assert f"\t{full}\tone\n" in machine.exec("box", "cat", "/etc/hosts")[0]
