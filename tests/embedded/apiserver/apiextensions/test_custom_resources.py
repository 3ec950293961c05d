"""Custom resources behave as built-in ones: served, defaulted, validated, watched, owned, counted, deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from k8slearn.embedded.apiserver.http import Request, Stream
from k8slearn.embedded.cluster import Cluster

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MODELS = "/apis/example.com/v1/namespaces/default/models"
MERGE = "application/merge-patch+json"

SPEC = {
    "type": "object",
    "required": ["framework"],
    "properties": {
        "framework": {"type": "string", "enum": ["torch", "onnx"]},
        "replicas": {"type": "integer", "minimum": 0, "maximum": 9, "default": 1},
        "detail": {"type": "string", "maxLength": 5, "pattern": "^[a-z]*$"},
        "ports": {"type": "array", "maxItems": 2, "items": {"type": "integer"}},
        "size": {"x-kubernetes-int-or-string": True},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "note": {"type": "string", "nullable": True},
    },
}
STATUS = {
    "status": {},
    "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"},
}


def test_a_definition_is_served_when_its_names_are_accepted(api, definition) -> None:
    made = api.define(definition(SPEC))
    assert made["status"]["storedVersions"] == ["v1"]
    assert made["spec"]["names"]["listKind"] == "ModelList"
    now = api("GET", f"{DEFINITIONS}/models.example.com")
    assert [(c["type"], c["status"], c["reason"]) for c in now["status"]["conditions"]] == [
        ("NamesAccepted", "True", "NoConflicts"),
        ("Established", "True", "InitialNamesAccepted"),
    ]
    (resource,) = api("GET", "/apis/example.com/v1")["resources"]
    assert (resource["singularName"], resource["shortNames"], resource["categories"]) == (
        "model",
        ["mdl"],
        ["ai"],
    )
    assert api("GET", MODELS)["kind"] == "ModelList"


def test_the_second_definition_of_a_name_is_not_accepted_until_the_first_goes(api, definition) -> None:
    api.define(definition())
    other = definition()
    other["metadata"]["name"] = "others.example.com"
    other["spec"]["names"] = {"kind": "Model", "plural": "others", "shortNames": ["mdl"]}
    api.define(other)
    naming, established = api("GET", f"{DEFINITIONS}/others.example.com")["status"]["conditions"]
    assert (naming["status"], naming["reason"]) == ("False", "ListKindConflict")
    assert naming["message"] == '"ModelList" is already in use'
    assert established["reason"] == "NotAccepted"
    api("DELETE", f"{DEFINITIONS}/models.example.com")
    api.cluster.settle()
    conditions = api("GET", f"{DEFINITIONS}/others.example.com")["status"]["conditions"]
    assert [c["status"] for c in conditions] == ["True", "True"]


def test_what_the_schema_does_not_know_is_pruned_or_refused(api, definition) -> None:
    api.define(definition(SPEC))
    spec = {"framework": "torch", "nosuch": 1, "free": {"kept": True}, "note": None, "detail": None}
    made = api.model("a", spec)
    assert made["spec"] == {"framework": "torch", "free": {"kept": True}, "note": None, "replicas": 1}
    assert api.warnings == ['299 - "unknown field \\"spec.nosuch\\""']
    body = {"metadata": {"name": "b", "nosuch": 1}, "spec": spec, "other": 1}
    said = api("POST", MODELS, body, fieldValidation="Strict")["message"]
    assert said.endswith(
        'strict decoding error: unknown field "metadata.nosuch", unknown field "other", unknown field "spec.nosuch"'
    )


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "spec.framework: Required value"),
        ({"framework": "tf"}, 'spec.framework: Unsupported value: "tf": supported values: "torch", "onnx"'),
        (
            {"framework": "onnx", "replicas": 12},
            "spec.replicas: Invalid value: 12: spec.replicas in body should be less than or equal to 9",
        ),
        (
            {"framework": "onnx", "replicas": "x"},
            'spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"',
        ),
        ({"framework": "onnx", "detail": "abcdef"}, "spec.detail: Too long: may not be more than 5 bytes"),
        (
            {"framework": "onnx", "detail": "A"},
            "spec.detail: Invalid value: \"A\": spec.detail in body should match '^[a-z]*$'",
        ),
        ({"framework": "onnx", "ports": [1, 2, 3]}, "spec.ports: Too many: 3: must have at most 2 items"),
        (
            {"framework": "onnx", "ports": ["x"]},
            'spec.ports[0]: Invalid value: "string": spec.ports[0] in body must be of type integer: "string"',
        ),
        (
            {"framework": "onnx", "size": 1.5},
            'spec.size: Invalid value: "number": spec.size in body must be of type integer,string: "number"',
        ),
        ({"framework": "onnx", "tags": ["a", "b", "a"]}, 'spec.tags[2]: Duplicate value: "a"'),
    ],
)
def test_an_object_is_validated_in_the_words_of_kube_openapi(api, definition, spec: dict, said: str) -> None:
    api.define(definition(SPEC))
    assert api.model("a", spec)["message"] == f'Model.example.com "a" is invalid: {said}'


def test_what_was_wrong_before_the_schema_became_stricter_may_stay(api, definition) -> None:
    api.define(
        definition({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}})
    )
    api.model("old", {"a": "long", "b": "x"})
    stricter = {
        "type": "object",
        "properties": {"a": {"type": "string", "maxLength": 1}, "b": {"type": "string"}},
    }
    crd = api("GET", f"{DEFINITIONS}/models.example.com")
    api(
        "PUT",
        f"{DEFINITIONS}/models.example.com",
        {**crd, "spec": {**crd["spec"], **definition(stricter)["spec"]}},
    )
    assert api("PATCH", f"{MODELS}/old", {"spec": {"b": "y"}}, type=MERGE)["spec"] == {"a": "long", "b": "y"}
    said = api("PATCH", f"{MODELS}/old", {"spec": {"a": "other"}}, type=MERGE)["message"]
    assert said.endswith("spec.a: Too long: may not be more than 1 bytes")


def test_rules_are_asked_of_what_is_valid_otherwise(api, definition) -> None:
    rules = [
        {"rule": "self.framework != 'onnx' || self.replicas < 4", "message": "onnx scales to 3 at most"},
        {"rule": "!has(self.ports) || self.ports.all(port, port > 0)"},
        {
            "rule": "!has(oldSelf.detail) || self.detail == oldSelf.detail",
            "messageExpression": "'no ' + self.detail",
        },
    ]
    api.define(definition({**SPEC, "x-kubernetes-validations": rules}))
    said = api.model("a", {"framework": "onnx", "replicas": 5})["message"]
    assert said == 'Model.example.com "a" is invalid: spec: Invalid value: onnx scales to 3 at most'
    assert "some validation rules were not checked" in api.model("a", {})["message"]
    said = api.model("a", {"framework": "torch", "ports": [0]})["message"]
    assert said.endswith(
        "spec: Invalid value: failed rule: !has(self.ports) || self.ports.all(port, port > 0)"
    )
    api.model("a", {"framework": "onnx", "detail": "x"})
    said = api("PATCH", f"{MODELS}/a", {"spec": {"detail": "y"}}, type=MERGE)["message"]
    assert said.endswith("spec: Invalid value: no y")


def test_a_rule_sees_times_as_times(api, definition) -> None:
    times = {
        "from": {"type": "string", "format": "date-time"},
        "span": {"type": "string", "format": "duration"},
    }
    rule = {"rule": "self.from < timestamp('2020-01-01T00:00:00Z') && self.span > duration('1m')"}
    api.define(definition({"type": "object", "properties": times, "x-kubernetes-validations": [rule]}))
    assert api.model("a", {"from": "2019-01-01T00:00:00Z", "span": "2m"})["kind"] == "Model"
    assert "failed rule" in api.model("b", {"from": "2021-01-01T00:00:00Z", "span": "2m"})["message"]


def test_status_and_scale_are_apart(api, definition) -> None:
    whole = definition(SPEC, subresources=STATUS)
    properties = whole["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    properties["status"] = {"type": "object", "properties": {"replicas": {"type": "integer"}}}
    api.define(whole)
    made = api.model("a", {"framework": "torch"}, status={"replicas": 7})
    assert "status" not in made and made["metadata"]["generation"] == 1
    changed = api(
        "PATCH", f"{MODELS}/a/status", {"spec": {"replicas": 9}, "status": {"replicas": 1}}, type=MERGE
    )
    assert (changed["spec"]["replicas"], changed["status"]) == (1, {"replicas": 1})
    assert changed["metadata"]["generation"] == 1
    said = api("PATCH", f"{MODELS}/a/status", {"status": {"replicas": "x"}}, type=MERGE)["message"]
    assert 'status.replicas: Invalid value: "string"' in said
    scale = api("PATCH", f"{MODELS}/a/scale", {"spec": {"replicas": 3}}, type=MERGE)
    assert (scale["spec"], scale["status"]) == ({"replicas": 3}, {"replicas": 1})
    assert api("GET", f"{MODELS}/a")["metadata"]["generation"] == 2


def test_columns_come_from_json_paths(api, definition) -> None:
    columns = [
        {"name": "Framework", "type": "string", "jsonPath": ".spec.framework"},
        {"name": "First", "type": "integer", "jsonPath": ".spec.ports[0]", "priority": 1},
        {"name": "Missing", "type": "string", "jsonPath": ".spec.nosuch"},
    ]
    api.define(definition(SPEC, additionalPrinterColumns=columns))
    api.model("a", {"framework": "torch", "ports": [80]})
    accept = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    table = json.loads(api.cluster.handle(Request("GET", MODELS, headers=accept)).body)  # type: ignore[union-attr]
    assert [(c["name"], c["priority"]) for c in table["columnDefinitions"]] == [
        ("Name", 0),
        ("Framework", 0),
        ("First", 1),
        ("Missing", 0),
    ]
    assert table["rows"][0]["cells"] == ["a", "torch", 80, None]


def test_every_version_shows_the_same_object(api, definition) -> None:
    crd = definition(SPEC)
    second = {**crd["spec"]["versions"][0], "name": "v2", "storage": False}
    crd["spec"]["versions"].append(second)
    api.define(crd)
    api.model("a", {"framework": "torch"})
    newer = MODELS.replace("/v1/", "/v2/")
    assert api("GET", f"{newer}/a")["apiVersion"] == "example.com/v2"
    assert api("GET", newer)["items"][0]["apiVersion"] == "example.com/v2"
    changed = api("PATCH", f"{newer}/a", {"spec": {"replicas": 2}}, type=MERGE)
    assert changed["apiVersion"] == "example.com/v2"
    assert api("GET", f"{MODELS}/a")["spec"]["replicas"] == 2
    assert api("GET", "/apis/example.com")["preferredVersion"]["version"] == "v2"
    crd = api("GET", f"{DEFINITIONS}/models.example.com")
    for version in crd["spec"]["versions"]:
        version["storage"] = version["name"] == "v2"
    assert api("PUT", f"{DEFINITIONS}/models.example.com", crd)["status"]["storedVersions"] == ["v1", "v2"]
    assert api("GET", f"{MODELS}/a")["apiVersion"] == "example.com/v1"
    del crd["spec"]["versions"][0]
    said = api(
        "PUT", f"{DEFINITIONS}/models.example.com", {**crd, "metadata": {"name": "models.example.com"}}
    )
    assert 'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions' in said["message"]


def test_a_watch_tells_of_custom_resources(api, definition) -> None:
    api.define(definition(SPEC))
    watch = api.cluster.handle(Request("GET", MODELS, {"watch": ["true"]}))
    assert isinstance(watch, Stream)
    api.model("a", {"framework": "torch"})
    event = json.loads(watch.take())
    assert (event["type"], event["object"]["kind"]) == ("ADDED", "Model")


def test_openapi_tells_of_them_under_a_hash_that_changes(api, definition) -> None:
    api.define(definition(SPEC))
    before = api("GET", "/openapi/v3")["paths"]["apis/example.com/v1"]
    schemas = api("GET", "/openapi/v3/apis/example.com/v1")["components"]["schemas"]
    assert schemas["com.example.v1.Model"]["properties"]["spec"]["required"] == ["framework"]
    crd = api("GET", f"{DEFINITIONS}/models.example.com")
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"] = "A model."
    api("PUT", f"{DEFINITIONS}/models.example.com", crd)
    assert api("GET", "/openapi/v3")["paths"]["apis/example.com/v1"] != before


def test_they_own_and_are_owned(api, definition) -> None:
    api.define(definition(SPEC))
    owner = api.model("a", {"framework": "torch"})
    reference = {
        "apiVersion": "example.com/v1",
        "kind": "Model",
        "name": "a",
        "uid": owner["metadata"]["uid"],
    }
    maps = "/api/v1/namespaces/default/configmaps"
    api("POST", maps, {"metadata": {"name": "mine", "ownerReferences": [reference]}})
    config = api("POST", maps, {"metadata": {"name": "theirs"}})
    back = {"apiVersion": "v1", "kind": "ConfigMap", "name": "theirs", "uid": config["metadata"]["uid"]}
    owned = {"metadata": {"name": "b", "ownerReferences": [back]}, "spec": {"framework": "torch"}}
    api("POST", MODELS, owned)
    api("DELETE", f"{MODELS}/a")
    api("DELETE", f"{maps}/theirs")
    api.cluster.settle()
    assert api("GET", f"{maps}/mine")["reason"] == "NotFound"
    assert api("GET", f"{MODELS}/b")["message"] == 'models.example.com "b" not found'


def test_a_quota_counts_them(api, definition) -> None:
    api.define(definition(SPEC))
    hard = {"count/models.example.com": "1"}
    api(
        "POST",
        "/api/v1/namespaces/default/resourcequotas",
        {"metadata": {"name": "q"}, "spec": {"hard": hard}},
    )
    api.cluster.settle()
    api.model("a", {"framework": "torch"})
    assert "exceeded quota: q" in api.model("b", {"framework": "torch"})["message"]
    api("DELETE", f"{MODELS}/a")
    api.cluster.settle()
    assert api.model("b", {"framework": "torch"})["kind"] == "Model"


def test_a_namespace_takes_them_along(api, definition) -> None:
    api.define(definition(SPEC))
    api("POST", "/api/v1/namespaces", {"metadata": {"name": "n"}})
    there = MODELS.replace("/default/", "/n/")
    api("POST", there, {"metadata": {"name": "a"}, "spec": {"framework": "torch"}})
    api("DELETE", "/api/v1/namespaces/n")
    api.cluster.clock.advance("1m")
    assert api("GET", "/api/v1/namespaces/n")["reason"] == "NotFound"
    assert api("GET", MODELS.replace("/namespaces/default", ""))["items"] == []


def test_a_definition_that_goes_waits_for_its_objects(api, definition) -> None:
    api.define(definition(SPEC))
    api.model("a", {"framework": "torch"})
    held = {"metadata": {"name": "held", "finalizers": ["example.com/wait"]}, "spec": {"framework": "torch"}}
    api("POST", MODELS, held)
    api("DELETE", f"{DEFINITIONS}/models.example.com")
    api.cluster.settle()
    assert [item["metadata"]["name"] for item in api("GET", MODELS)["items"]] == ["held"]
    assert "create not allowed while" in api.model("new", {"framework": "torch"})["message"]
    api("PATCH", f"{MODELS}/held", {"metadata": {"finalizers": None}}, type=MERGE)
    api.cluster.clock.advance("6s")
    assert api("GET", f"{DEFINITIONS}/models.example.com")["reason"] == "NotFound"
    assert api("GET", MODELS)["reason"] == "NotFound"


def test_a_cluster_that_is_started_again_serves_them_still(client_of, definition, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    with Cluster(1, journal=journal) as cluster:
        api = client_of(cluster)
        api.define(definition(SPEC))
        api.model("a", {"framework": "torch"})
    with Cluster(1, journal=journal) as cluster:
        assert client_of(cluster)("GET", f"{MODELS}/a")["spec"] == {"framework": "torch", "replicas": 1}
