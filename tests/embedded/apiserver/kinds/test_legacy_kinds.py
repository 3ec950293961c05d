"""ReplicationController, PodTemplate, ComponentStatus, Binding, IngressClass, VolumeAttachment, CSINode."""

from __future__ import annotations

import json
from typing import Any

from k8slearn.embedded.apiserver.http import Request, Response
from k8slearn.embedded.cluster import Cluster

TEMPLATE = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "c", "image": "nginx:1.29"}]},
}


def ask(cluster: Cluster, method: str, path: str, body: Any = None) -> Any:
    sent = json.dumps(body).encode() if body is not None else b""
    answer = cluster.handle(Request(method, path, headers={"content-type": "application/json"}, body=sent))
    assert isinstance(answer, Response)
    return json.loads(answer.body)


def test_a_replication_controllers_selector_and_labels_come_from_its_template(door) -> None:
    made = door.create("replicationcontrollers", "web", spec={"template": TEMPLATE})
    assert made["spec"]["selector"] == made["metadata"]["labels"] == {"app": "web"}
    assert made["spec"]["replicas"] == 1


def test_a_replication_controller_needs_a_selector_that_its_template_matches(door) -> None:
    said = door.refuses(
        door.create, "replicationcontrollers", "web", spec={"selector": {"a": "b"}, "template": TEMPLATE}
    )
    assert 'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match' in said
    said = door.refuses(door.create, "replicationcontrollers", "web", spec={})
    assert said.endswith("[spec.selector: Required value, spec.template: Required value]")


def test_a_replication_controller_keeps_its_pods_and_leaves_them_when_it_goes() -> None:
    with Cluster(1) as cluster:
        rcs = "/api/v1/namespaces/default/replicationcontrollers"
        ask(
            cluster, "POST", rcs, {"metadata": {"name": "web"}, "spec": {"replicas": 2, "template": TEMPLATE}}
        )
        cluster.settle()
        assert ask(cluster, "GET", f"{rcs}/web")["status"] == {
            "replicas": 2,
            "fullyLabeledReplicas": 2,
            "readyReplicas": 2,
            "availableReplicas": 2,
            "observedGeneration": 1,
        }
        ask(cluster, "DELETE", f"{rcs}/web")
        cluster.settle()
        pods = ask(cluster, "GET", "/api/v1/namespaces/default/pods")["items"]
        assert len(pods) == 2
        assert all("ownerReferences" not in pod["metadata"] for pod in pods)


def test_a_pod_template_has_the_defaults_and_errors_of_a_pod(door) -> None:
    made = door.create("podtemplates", "t", template=TEMPLATE)
    assert made["template"]["spec"]["restartPolicy"] == "Always"
    assert made["metadata"]["generation"] == 1
    assert "template.spec.containers: Required value" in door.refuses(
        door.create, "podtemplates", "u", template={}
    )


def test_component_statuses_are_worked_out() -> None:
    with Cluster(1) as cluster:
        listed = ask(cluster, "GET", "/api/v1/componentstatuses")["items"]
        assert {item["metadata"]["name"] for item in listed} == {"scheduler", "controller-manager", "etcd-0"}
        one = ask(cluster, "GET", "/api/v1/componentstatuses/etcd-0")
        assert one["conditions"][0]["status"] == "True"
        assert (
            ask(cluster, "GET", "/api/v1/componentstatuses/x")["message"] == 'componentstatus "x" not found'
        )


def test_a_binding_gives_a_pod_its_node() -> None:
    with Cluster(1) as cluster:
        pods = "/api/v1/namespaces/default/pods"
        pod = {"metadata": {"name": "p"}, "spec": {**TEMPLATE["spec"], "schedulerName": "nobody"}}
        cluster.settle()
        ask(cluster, "POST", pods, pod)
        binding = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "control-plane"}}
        assert ask(cluster, "POST", "/api/v1/namespaces/default/bindings", binding)["status"] == "Success"
        assert ask(cluster, "GET", f"{pods}/p")["spec"]["nodeName"] == "control-plane"


def test_an_ingress_class_has_a_controller_that_stays(door) -> None:
    classes = "ingressclasses.networking.k8s.io"
    spec = {"controller": "example.com/front", "parameters": {"kind": "Params", "name": "p"}}
    made = door.create(classes, "front", spec=spec)
    assert made["spec"]["parameters"]["scope"] == "Cluster"
    said = door.refuses(door.update, classes, made, spec={**made["spec"], "controller": "example.com/back"})
    assert said.endswith('spec.controller: Invalid value: "example.com/back": field is immutable')
    said = door.refuses(door.create, classes, "b", spec={"controller": "front"})
    assert 'must be a domain-prefixed path (such as "acme.io/foo")' in said


def test_a_volume_attachment_names_a_driver_a_node_and_one_volume(door) -> None:
    said = door.refuses(
        door.create,
        "volumeattachments.storage.k8s.io",
        "a",
        spec={"attacher": "", "nodeName": "n", "source": {}},
    )
    assert "spec.attacher: Required value" in said
    assert "spec.source: Required value: must specify exactly one of" in said


def test_every_node_has_a_csi_node_that_goes_with_it() -> None:
    with Cluster(1) as cluster:
        cluster.settle()
        (made,) = ask(cluster, "GET", "/apis/storage.k8s.io/v1/csinodes")["items"]
        node = ask(cluster, "GET", "/api/v1/nodes/control-plane")
        assert made["metadata"]["ownerReferences"][0]["uid"] == node["metadata"]["uid"]
        assert made["spec"] == {"drivers": None}
