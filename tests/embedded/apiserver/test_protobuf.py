"""Protobuf bodies: the files in data/ are what kubectl 1.37 sent, named by its command."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.embedded.apiserver import protobuf, schema

DATA = Path(__file__).parent / "data"
META = {"name": "web", "namespace": "apifacts"}
CONTAINER = {"image": "busybox:1.37", "resources": {}}


def read(body: bytes, message: str) -> dict:
    decoded, problems = schema.decode(message, protobuf.decode(body, message))
    assert problems == []
    return decoded


BODIES = {
    "deployment": (
        "apps.v1.Deployment",
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {**META, "labels": {"app": "web"}},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"app": "web"}},
                "strategy": {},
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {
                        "containers": [
                            {
                                "name": "nginx",
                                "image": "nginx:1.29",
                                "ports": [{"containerPort": 80}],
                                "resources": {},
                            }
                        ]
                    },
                },
            },
            "status": {},
        },
    ),
    "namespace": (
        "core.v1.Namespace",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "pbx"}, "spec": {}, "status": {}},
    ),
    "configmap": (
        "core.v1.ConfigMap",
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {**META, "name": "c"},
            "data": {"a": "b", "c": "d"},
        },
    ),
    "secret": (
        "core.v1.Secret",
        {"apiVersion": "v1", "kind": "Secret", "metadata": {**META, "name": "s"}, "data": {"a": "Yg=="}},
    ),
    "service-nodeport": (
        "core.v1.Service",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**META, "name": "svcn", "labels": {"app": "svcn"}},
            "spec": {
                "type": "NodePort",
                "selector": {"app": "svcn"},
                "ports": [
                    {
                        "name": "80-http",
                        "protocol": "TCP",
                        "port": 80,
                        "targetPort": "http",
                        "nodePort": 30999,
                    }
                ],
            },
            "status": {"loadBalancer": {}},
        },
    ),
    "cronjob": (
        "batch.v1.CronJob",
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {**META, "name": "j"},
            "spec": {
                "schedule": "*/5 * * * *",
                "jobTemplate": {
                    "metadata": {"name": "j"},
                    "spec": {
                        "template": {
                            "metadata": {},
                            "spec": {
                                "restartPolicy": "OnFailure",
                                "containers": [{**CONTAINER, "name": "j", "command": ["date"]}],
                            },
                        }
                    },
                },
            },
            "status": {},
        },
    ),
    "role": (
        "rbac.v1.Role",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {**META, "name": "r"},
            "rules": [
                {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
                {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]},
            ],
        },
    ),
    "hpa": (
        "autoscaling.v2.HorizontalPodAutoscaler",
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": META,
            "spec": {
                "minReplicas": 1,
                "maxReplicas": 5,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "averageUtilization": 50},
                        },
                    }
                ],
            },
            "status": {"desiredReplicas": 0, "currentMetrics": []},
        },
    ),
    "quota": (
        "core.v1.ResourceQuota",
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {**META, "name": "q"},
            "spec": {"hard": {"cpu": "1500m", "memory": "1Gi"}},
            "status": {},
        },
    ),
    "pdb": (
        "policy.v1.PodDisruptionBudget",
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {**META, "name": "b"},
            "spec": {"minAvailable": "50%", "selector": {"matchLabels": {"app": "web"}}},
            "status": {"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0},
        },
    ),
    "token": (
        "authentication.v1.TokenRequest",
        {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "metadata": {},
            "spec": {"audiences": [], "expirationSeconds": 3600},
            "status": {"token": ""},
        },
    ),
    "can-i": (
        "authorization.v1.SelfSubjectAccessReview",
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "metadata": {},
            "spec": {"resourceAttributes": {"namespace": "apifacts", "verb": "create", "resource": "pods"}},
            "status": {"allowed": False},
        },
    ),
}


@pytest.mark.parametrize("command", BODIES)
def test_what_kubectl_sends_is_read(command: str) -> None:
    name, expected = BODIES[command]
    assert read((DATA / f"{command}.pb").read_bytes(), f"k8s.io.api.{name}") == expected


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("job", "batch.v1.Job"),
        ("service", "core.v1.Service"),
        ("serviceaccount", "core.v1.ServiceAccount"),
        ("rolebinding", "rbac.v1.RoleBinding"),
        ("clusterrole", "rbac.v1.ClusterRole"),
        ("priorityclass", "scheduling.v1.PriorityClass"),
        ("ingress", "networking.v1.Ingress"),
        ("whoami", "authentication.v1.SelfSubjectReview"),
    ],
)
def test_the_other_bodies_of_kubectl_name_their_kind(command: str, name: str) -> None:
    assert read((DATA / f"{command}.pb").read_bytes(), f"k8s.io.api.{name}")["kind"] == name.split(".")[-1]


def _field(number: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return bytes([number << 3, content])
    return bytes([number << 3 | 2, len(content)]) + content


def _envelope(api_version: bytes, kind: bytes, raw: bytes) -> bytes:
    return protobuf.MAGIC + _field(1, _field(1, api_version) + _field(2, kind)) + _field(2, raw)


def test_an_eviction_with_delete_options() -> None:
    options = _field(1, 0) + _field(2, _field(1, b"some-uid")) + _field(4, b"Background")
    raw = _field(1, _field(1, b"web-1") + _field(3, b"default")) + _field(2, options)
    assert read(_envelope(b"policy/v1", b"Eviction", raw), "k8s.io.api.policy.v1.Eviction") == {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": "web-1", "namespace": "default"},
        "deleteOptions": {
            "gracePeriodSeconds": 0,
            "preconditions": {"uid": "some-uid"},
            "propagationPolicy": "Background",
        },
    }


def test_a_binding() -> None:
    raw = _field(1, _field(1, b"web-1")) + _field(2, _field(1, b"Node") + _field(3, b"worker-1"))
    decoded = read(_envelope(b"v1", b"Binding", raw), "k8s.io.api.core.v1.Binding")
    assert decoded["target"] == {"kind": "Node", "name": "worker-1"}


def test_a_field_of_an_inlined_struct_and_a_negative_number() -> None:
    volume = _field(1, b"v") + _field(2, _field(2, b""))
    minus_one = bytes([7 << 3]) + b"\xff" * 9 + b"\x01"
    raw = _field(1, minus_one) + _field(2, _field(1, volume))
    decoded = protobuf.decode(_envelope(b"v1", b"Pod", raw), "k8s.io.api.core.v1.Pod")
    assert decoded["metadata"] == {"generation": -1}
    assert decoded["spec"]["volumes"] == [{"name": "v", "emptyDir": {}}]


@given(st.binary(max_size=60))
def test_broken_bytes_are_refused_and_nothing_else_happens(noise: bytes) -> None:
    message = "k8s.io.api.core.v1.Pod"
    for body in (noise, protobuf.MAGIC + noise, _envelope(b"v1", b"Pod", noise)):
        try:
            schema.decode(message, protobuf.decode(body, message))
        except schema.DecodeError as error:
            assert str(error)
