"""Pods through the registry: defaults, what admission adds, what is refused. Texts are a real cluster's."""

from __future__ import annotations

from typing import Any

import pytest

TINY = {"containers": [{"name": "main", "image": "busybox:1.37", "command": ["sleep", "3600"]}]}


def containers(**more: Any) -> dict[str, Any]:
    return {"containers": [{"name": "a", "image": "nginx:1.27", **more}]}


def test_the_smallest_pod_gets_a_real_ones_spec(door) -> None:
    spec = door.create("pods", "tiny", spec=TINY)["spec"]
    volume = spec["volumes"][0]["name"]
    assert volume.startswith("kube-api-access-") and len(volume) == len("kube-api-access-") + 5
    assert spec == {
        "containers": [
            {
                "command": ["sleep", "3600"],
                "image": "busybox:1.37",
                "imagePullPolicy": "IfNotPresent",
                "name": "main",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "volumeMounts": [
                    {
                        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                        "name": volume,
                        "readOnly": True,
                    }
                ],
            }
        ],
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "serviceAccount": "default",
        "serviceAccountName": "default",
        "terminationGracePeriodSeconds": 30,
        "tolerations": [
            {
                "effect": "NoExecute",
                "key": f"node.kubernetes.io/{what}",
                "operator": "Exists",
                "tolerationSeconds": 300,
            }
            for what in ("not-ready", "unreachable")
        ],
        "volumes": [
            {
                "name": volume,
                "projected": {
                    "defaultMode": 420,
                    "sources": [
                        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                        {
                            "configMap": {
                                "items": [{"key": "ca.crt", "path": "ca.crt"}],
                                "name": "kube-root-ca.crt",
                            }
                        },
                        {
                            "downwardAPI": {
                                "items": [
                                    {
                                        "fieldRef": {
                                            "apiVersion": "v1",
                                            "fieldPath": "metadata.namespace",
                                        },
                                        "path": "namespace",
                                    }
                                ]
                            }
                        },
                    ],
                },
            }
        ],
    }


def test_a_new_pod_is_pending_at_generation_one(door) -> None:
    pod = door.create("pods", "tiny", spec=TINY, status={"phase": "Running"})
    assert pod["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    assert pod["metadata"]["generation"] == 1


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("registry:5000/nginx", "Always"),
        ("nginx@sha256:abc", "IfNotPresent"),
    ],
)
def test_only_the_latest_image_is_always_pulled(door, image: str, policy: str) -> None:
    pod = door.create("pods", "x", spec={"containers": [{"name": "a", "image": image}]})
    assert pod["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_a_limit_without_a_request_sets_the_request(door) -> None:
    pod = door.create("pods", "x", spec=containers(resources={"limits": {"cpu": "0.5", "memory": "1024Mi"}}))
    amounts = {"cpu": "500m", "memory": "1Gi"}
    assert pod["spec"]["containers"][0]["resources"] == {"limits": amounts, "requests": amounts}
    assert pod["status"]["qosClass"] == "Guaranteed"


def test_a_pod_may_decline_its_token(door) -> None:
    pod = door.create("pods", "x", spec={**containers(), "automountServiceAccountToken": False})
    assert "volumes" not in pod["spec"]


def test_a_toleration_of_everything_needs_no_other(door) -> None:
    pod = door.create("pods", "x", spec={**containers(), "tolerations": [{"operator": "Exists"}]})
    assert pod["spec"]["tolerations"] == [{"operator": "Exists"}]


def test_an_unknown_account_is_named(door) -> None:
    said = door.refuses(door.create, "pods", "box2", spec={**containers(), "serviceAccountName": "nosuch"})
    assert said == (
        'pods "box2" is forbidden: error looking up service account ns/nosuch: serviceaccount "nosuch" '
        "not found"
    )


def test_an_unknown_priority_class_is_named(door) -> None:
    said = door.refuses(door.create, "pods", "other", spec={**containers(), "priorityClassName": "nosuch"})
    assert said == 'pods "other" is forbidden: no PriorityClass with name nosuch was found'


LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)

REFUSED = [
    ({"containers": [{"name": "a"}]}, "spec.containers[0].image: Required value"),
    (
        {"containers": [{"name": "a.b", "image": "x"}]},
        'spec.containers[0].name: Invalid value: "a.b": must not contain dots',
    ),
    (
        {"restartPolicy": "Sometimes", "dnsPolicy": "Magic", "containers": [{"image": "nginx"}]},
        '[spec.containers[0].name: Required value, spec.restartPolicy: Unsupported value: "Sometimes": '
        "supported "
        'values: "Always", "OnFailure", "Never", spec.dnsPolicy: Unsupported value: "Magic": supported '
        "values: "
        '"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]',
    ),
    (
        {
            "containers": [
                {"name": "Main", "image": "a"},
                {"name": "two", "image": "a", "ports": [{"containerPort": 70000}]},
                {"name": "two", "image": "a", "env": [{"name": "A=B", "value": "x"}]},
            ]
        },
        f'[spec.containers[0].name: Invalid value: "Main": {LABEL}, '
        "spec.containers[1].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, "
        "inclusive, "
        'spec.containers[2].env[0].name: Invalid value: "A=B": a valid environment variable name must '
        "consist only "
        "of printable ASCII characters other than '=', spec.containers[2].name: Duplicate value: \"two\"]",
    ),
    (
        containers(livenessProbe={}),
        "spec.containers[0].livenessProbe: Required value: must specify a handler type",
    ),
    (
        containers(livenessProbe={"httpGet": {}}),
        "spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, "
        "inclusive",
    ),
    (
        containers(livenessProbe={"tcpSocket": {"port": 1}, "successThreshold": 2}),
        "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
    ),
    (
        containers(resources={"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}),
        'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu '
        "limit of 1",
    ),
    (
        containers(volumeMounts=[{"name": "absent", "mountPath": "/x"}]),
        'spec.containers[0].volumeMounts[0].name: Not found: "absent"',
    ),
]


@pytest.mark.parametrize(("spec", "expected"), REFUSED, ids=range(len(REFUSED)))
def test_a_wrong_spec_is_refused_in_the_real_words(door, spec: dict[str, Any], expected: str) -> None:
    assert door.refuses(door.create, "pods", "x", spec=spec) == f'Pod "x" is invalid: {expected}'


def test_an_update_may_change_the_image(door) -> None:
    pod = door.create("pods", "fixed", spec=containers())
    spec = {**pod["spec"], "containers": [{**pod["spec"]["containers"][0], "image": "nginx:1.28"}]}
    assert door.update("pods", pod, spec=spec)["metadata"]["generation"] == 2


def test_an_update_of_anything_else_shows_the_difference_in_go(door) -> None:
    pod = door.create("pods", "fixed", spec=containers())
    assert door.refuses(door.update, "pods", pod, spec={**pod["spec"], "restartPolicy": "Never"}) == (
        'Pod "fixed" is invalid: spec: Forbidden: pod updates may not change fields other than '
        "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
        "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
        "(allow it to be set to 1 if it was previously negative)\n"
        "@@ -138,7 +138,7 @@\n"
        "   }\n"
        "  ],\n"
        '  "EphemeralContainers": null,\n'
        '- "RestartPolicy": "Always",\n'
        '+ "RestartPolicy": "Never",\n'
        '  "TerminationGracePeriodSeconds": 30,\n'
        '  "ActiveDeadlineSeconds": null,\n'
        '  "DNSPolicy": "ClusterFirst",\n'
    )


def test_an_update_cannot_add_a_container(door) -> None:
    pod = door.create("pods", "fixed", spec=containers())
    spec = {**pod["spec"], "containers": [*pod["spec"]["containers"], {"name": "b", "image": "x"}]}
    said = door.refuses(door.update, "pods", pod, spec=spec)
    assert (
        said
        == 'Pod "fixed" is invalid: spec.containers: Forbidden: pod updates may not add or remove containers'
    )


def test_the_deadline_may_only_come_nearer(door) -> None:
    pod = door.create("pods", "fixed", spec={**containers(), "activeDeadlineSeconds": 5})
    said = door.refuses(door.update, "pods", pod, spec={**pod["spec"], "activeDeadlineSeconds": 10})
    assert said.endswith(
        "spec.activeDeadlineSeconds: Invalid value: 10: must be less than or equal to previous value"
    )
