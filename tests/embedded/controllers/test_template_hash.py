"""The hashes here were recorded on a real cluster, Kubernetes 1.37.2, with the templates as it had stored them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from k8slearn.embedded.apiserver.go_dump import dump
from k8slearn.embedded.controllers.templates import template_hash

RECORDED = json.loads((Path(__file__).parent / "template_hashes.json").read_text())

MEMORY = {
    "0": "849fbf7b68",
    "1": "5c6b5957d4",
    "1100": "8545f46d7b",
    "100m": "56f85cb75",
    "1500m": "55856c7489",
    "1k": "5ff6d57678",
    "100k": "8567889886",
    "7E": "9856db596",
    "1e3": "84bfd46ddb",
    "12e6": "675f7b8856",
    "64Mi": "694664664",
    "1536Mi": "657dddbc65",
    "8Gi": "547b8bdc84",
    "9Gi": "749b886ccf",
    "1000000Gi": "57654d45cf",
    "1Ti": "69f75c95c",
    "10Ti": "7c9d857f6c",
    "100Ti": "7b447bcbf7",
    "1Pi": "5f9d6696cb",
    "1Ei": "966b54878",
    "123456789012345678": "774bccff7d",
    "999999999999999999": "6495f858cb",
}
"""By the memory limit of the container of an otherwise small template."""


def template(**container: Any) -> dict[str, Any]:
    """A small template as it is stored, with the labels ``app: x``."""
    stored = {
        "name": "c",
        "image": "nginx:1.27",
        "imagePullPolicy": "IfNotPresent",
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    return {
        "metadata": {"labels": {"app": "x"}},
        "spec": {
            "containers": [{**stored, **container}],
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "securityContext": {},
            "schedulerName": "default-scheduler",
        },
    }


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded["name"])
def test_a_templates_hash_is_a_real_clusters(recorded: dict[str, Any]):
    assert template_hash(recorded["template"]) == recorded["hash"]


@pytest.mark.parametrize("memory", MEMORY)
def test_a_quantity_is_hashed_as_go_keeps_it(memory: str):
    assert template_hash(template(resources={"limits": {"memory": memory}})) == MEMORY[memory]


def test_a_collision_gives_the_hash_that_a_real_cluster_gives():
    assert template_hash(template()) == "5b8b574799"
    assert template_hash(template(), 1) == "b66b75598"


def test_the_order_of_keys_does_not_matter():
    stored = template()
    assert template_hash(dict(reversed(stored.items()))) == template_hash(stored)


def test_a_dump_names_every_field_in_gos_order():
    form = dump("k8s.io.api.core.v1.ConfigMapEnvSource", {"name": "a", "optional": False})
    assert form == (
        "(v1.ConfigMapEnvSource){LocalObjectReference:(v1.LocalObjectReference){Name:(string)a} "
        "Optional:(*bool)false}"
    )


SMALL = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}}
SPEC = {"selector": {"matchLabels": {"app": "x"}}, "template": SMALL}


def test_a_deployment_whose_name_for_the_replica_set_is_taken_takes_the_real_next(world):
    taken = {"metadata": {"name": "coll-5b8b574799", "namespace": "default"}, "spec": {**SPEC, "replicas": 0}}
    taken["spec"]["selector"] = {"matchLabels": {"app": "other"}}
    taken["spec"]["template"] = {**SMALL, "metadata": {"labels": {"app": "other"}}}
    world.client.create("replicasets.apps", taken)
    world.client.create(
        "deployments.apps", {"metadata": {"name": "coll", "namespace": "default"}, "spec": SPEC}
    )
    world.settle()
    assert world.names("replicasets.apps") == ["coll-5b8b574799", "coll-b66b75598"]


def test_a_daemon_set_names_its_revision_as_a_real_cluster_does_also_when_the_name_is_taken(world):
    pod = {**SMALL, "spec": {**SMALL["spec"], "nodeSelector": {"false": "node"}}}
    daemon_set = {"metadata": {"name": "collds", "namespace": "default"}, "spec": {**SPEC, "template": pod}}
    taken = {"metadata": {"name": "collds-d95954795", "namespace": "default"}, "data": {}, "revision": 1}
    world.client.create("controllerrevisions.apps", taken)
    world.client.create("daemonsets.apps", daemon_set)
    world.settle()
    assert world.names("controllerrevisions.apps") == ["collds-9dcc9fb74", "collds-d95954795"]
