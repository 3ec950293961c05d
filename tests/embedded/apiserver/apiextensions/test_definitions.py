"""What is wrong with a CustomResourceDefinition, in upstream's words."""

from __future__ import annotations

from typing import Any

import pytest

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

ROOT = "spec.validation.openAPIV3Schema"


def refused(api, crd: dict[str, Any]) -> str:
    answer = api("POST", DEFINITIONS, crd)
    assert answer["reason"] == "Invalid", answer
    return answer["message"].removeprefix(
        'CustomResourceDefinition.apiextensions.k8s.io "models.example.com" is invalid: '
    )


def with_spec(definition, **changes: Any) -> dict[str, Any]:
    crd = definition()
    return {**crd, "spec": {**crd["spec"], **changes}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"group": "example"},
            'spec.group: Invalid value: "example": should be a domain with at least one dot',
        ),
        ({"scope": ""}, "spec.scope: Required value"),
        (
            {"scope": "Other"},
            'spec.scope: Unsupported value: "Other": supported values: "Cluster", "Namespaced"',
        ),
        (
            {"group": "x.k8s.io"},
            "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups",
        ),
        (
            {"versions": []},
            "spec.versions: Invalid value: []: must have exactly one version marked as storage",
        ),
        ({"conversion": {"strategy": "Webhook"}}, 'spec.conversion.strategy: Unsupported value: "Webhook"'),
        (
            {"preserveUnknownFields": True},
            "spec.preserveUnknownFields: Invalid value: true: cannot set to true",
        ),
    ],
)
def test_the_definition_itself(api, definition, changes: dict[str, Any], said: str) -> None:
    assert said in refused(api, with_spec(definition, **changes))


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({}, f"{ROOT}.properties[spec].type: Required value: must not be empty for specified object fields"),
        ({"type": "array"}, f"{ROOT}.properties[spec].items: Required value: must be specified"),
        (
            {"type": "strin"},
            f'{ROOT}.properties[spec].type: Unsupported value: "strin": supported values: "array", "boolean", '
            '"integer", "number", "object", "string"',
        ),
        (
            {"type": "object", "anyOf": [{"type": "object"}]},
            f"{ROOT}.properties[spec].anyOf[0].type: Forbidden: must be empty to be structural",
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "string"}},
                "additionalProperties": {"type": "string"},
            },
            f"{ROOT}.properties[spec].additionalProperties: Forbidden: additionalProperties and properties are "
            "mutual exclusive",
        ),
        (
            {"type": "integer", "default": "x"},
            f'{ROOT}.properties[spec].default: Invalid value: "string":  in body must be of type integer: '
            '"string"',
        ),
        (
            {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "map"},
            f"{ROOT}.properties[spec].x-kubernetes-list-map-keys: Required value: must not be empty if "
            "x-kubernetes-list-type is map",
        ),
        (
            {"type": "object", "x-kubernetes-validations": [{"rule": "self.nosuch == 1"}]},
            "compilation failed: ERROR: <input>:1:5: undefined field 'nosuch'\n | self.nosuch == 1\n | ....^",
        ),
        (
            {"type": "string", "x-kubernetes-validations": [{"rule": " "}]},
            "[0].rule: Required value: rule is not",
        ),
    ],
)
def test_its_schema(api, definition, schema: dict[str, Any], said: str) -> None:
    crd = definition()
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"] = schema
    assert said in refused(api, crd)


def test_its_columns_and_subresources(api, definition) -> None:
    columns = [{"name": "A", "type": "text", "jsonPath": "spec.a"}]
    scale = {"scale": {"specReplicasPath": ".status.a", "statusReplicasPath": ".status.b"}}
    said = refused(api, definition(additionalPrinterColumns=columns, subresources=scale))
    assert (
        'spec.subresources.scale.specReplicasPath: Invalid value: ".status.a": should be a json path under .spec'
        in said
    )
    assert (
        'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of '
        "boolean,date,integer,number,string" in said
    )
    assert 'JSONPath: Invalid value: "spec.a": must be a simple json path starting with .' in said


def test_its_name_says_what_it_defines(api, definition) -> None:
    crd = definition()
    crd["metadata"]["name"] = "model.example.com"
    assert 'must be spec.names.plural+"."+spec.group' in api("POST", DEFINITIONS, crd)["message"]


def test_group_and_names_stay(api, definition) -> None:
    api.define(definition())
    crd = api("GET", f"{DEFINITIONS}/models.example.com")
    crd["spec"]["scope"] = "Cluster"
    said = api("PUT", f"{DEFINITIONS}/models.example.com", crd)["message"]
    assert said.endswith('spec.scope: Invalid value: "Cluster": field is immutable')


def test_an_unknown_format_is_warned_of(api, definition) -> None:
    api("POST", DEFINITIONS, definition({"type": "string", "format": "colour"}))
    assert api.warnings == ['299 - "unrecognized format \\"colour\\""']
