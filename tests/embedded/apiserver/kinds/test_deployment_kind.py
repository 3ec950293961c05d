"""Deployments and ReplicaSets: defaults and refusals, as the recordings have them."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.embedded.apiserver.kinds import load

TEMPLATE = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "nginx", "image": "nginx:1.27", "ports": [{"containerPort": 80}]}]},
}


def spec(**more: Any) -> dict[str, Any]:
    return {"selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE, **more}


def test_the_smallest_deployment_gets_a_real_ones_spec(door) -> None:
    web = door.create("deployments.apps", "web", spec=spec())
    assert web["spec"] == {
        "progressDeadlineSeconds": 600,
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "selector": {"matchLabels": {"app": "web"}},
        "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}, "type": "RollingUpdate"},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [
                    {
                        "image": "nginx:1.27",
                        "imagePullPolicy": "IfNotPresent",
                        "name": "nginx",
                        "ports": [{"containerPort": 80, "protocol": "TCP"}],
                        "resources": {},
                        "terminationMessagePath": "/dev/termination-log",
                        "terminationMessagePolicy": "File",
                    }
                ],
                "dnsPolicy": "ClusterFirst",
                "restartPolicy": "Always",
                "schedulerName": "default-scheduler",
                "securityContext": {},
                "terminationGracePeriodSeconds": 30,
            },
        },
    }
    assert web["status"] == {}


MISMATCH = "`selector` does not match template `labels`"
LONG = "this-name-is-far-too-long-for-a-label-value-but-fine-for-a-deployment"

REFUSED = [
    (
        spec(selector={"matchLabels": {"app": "two"}}),
        f'spec.template.metadata.labels: Invalid value: {{"app":"web"}}: {MISMATCH}',
    ),
    (
        {"template": {"spec": TEMPLATE["spec"]}},
        f"[spec.selector: Required value, spec.template.metadata.labels: Invalid value: null: {MISMATCH}]",
    ),
    (spec(replicas=-1), "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
    (
        spec(progressDeadlineSeconds=0),
        "spec.progressDeadlineSeconds: Invalid value: 0: must be greater than minReadySeconds",
    ),
    (
        spec(strategy={"type": "Sometimes", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}),
        "spec.strategy: Unsupported value: "
        '{"Type":"Sometimes","RollingUpdate":{"MaxUnavailable":"25%","MaxSurge":'
        '"25%"}}: supported values: "Recreate", "RollingUpdate"',
    ),
    (
        spec(strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}),
        "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ),
    (
        spec(strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}),
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
    ),
    (
        spec(template={**TEMPLATE, "spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}),
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ),
    (
        spec(template={**TEMPLATE, "spec": {"containers": []}}),
        "spec.template.spec.containers: Required value",
    ),
    (
        spec(selector={"matchLabels": {"app": LONG}}),
        f'[spec.selector.matchLabels: Invalid value: "{LONG}": must be no more than 63 bytes, spec.selector: '
        f'Invalid value: {{"matchLabels":{{"app":"{LONG}"}}}}: invalid label selector]',
    ),
]


@pytest.mark.parametrize(("wrong", "expected"), REFUSED, ids=range(len(REFUSED)))
def test_a_wrong_spec_is_refused_in_the_real_words(door, wrong: dict[str, Any], expected: str) -> None:
    said = door.refuses(door.create, "deployments.apps", "bad", spec=wrong)
    assert said == f'Deployment.apps "bad" is invalid: {expected}'


@pytest.mark.parametrize("resource", ["deployments.apps", "replicasets.apps"])
def test_the_selector_stays(door, resource: str) -> None:
    good = door.create(resource, "good", spec=spec())
    template = {**TEMPLATE, "metadata": {"labels": {"app": "new"}}}
    changed = {**good["spec"], "selector": {"matchLabels": {"app": "new"}}, "template": template}
    said = door.refuses(door.update, resource, good, spec=changed)
    assert said.endswith('spec.selector: Invalid value: {"matchLabels":{"app":"new"}}: field is immutable')


def test_annotations_count_as_a_new_generation(door) -> None:
    web = door.create("deployments.apps", "web", spec=spec())
    changed = {**web, "metadata": {**web["metadata"], "annotations": {"a": "b"}}}
    assert door.update("deployments.apps", changed)["metadata"]["generation"] == 2


def test_the_scale_of_a_deployment_knows_its_pods() -> None:
    scale = load()["deployments.apps"].scale
    assert scale and scale.selector({"spec": spec()}) == "app=web"


def test_columns_show_ready_of_wanted(door) -> None:
    web = {**door.create("deployments.apps", "web", spec=spec(replicas=3)), "status": {"readyReplicas": 2}}
    cells = {c.name: c.cell(web, door.clock.now + 65) for c in load()["deployments.apps"].columns}
    assert cells == {
        "Name": "web",
        "Ready": "2/3",
        "Up-to-date": 0,
        "Available": 0,
        "Age": "65s",
        "Containers": "nginx",
        "Images": "nginx:1.27",
        "Selector": "app=web",
    }
