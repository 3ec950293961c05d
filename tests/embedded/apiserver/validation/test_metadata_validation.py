"""Names, labels, annotations, owners and finalizers, as the recordings pod-names and others have them."""

from __future__ import annotations

from typing import Any

import pytest

from k8slearn.embedded.apiserver.kinds import load
from k8slearn.embedded.apiserver.validation.metadata import validate_metadata, validate_metadata_update

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
    "must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
KEY = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and "
    "must start "
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
    "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
OWNER = {"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "u", "controller": True}

CASES = [
    ({"name": "ok", "labels": {"example.com/app": "", "a": "b"}}, []),
    ({"name": "Web"}, [f'metadata.name: Invalid value: "Web": {SUBDOMAIN}']),
    ({}, ["metadata.name: Required value: name or generateName is required"]),
    ({"name": "web-x", "generateName": "web-"}, []),
    ({"name": "x", "labels": {"bad key": "1"}}, [f'metadata.labels: Invalid value: "bad key": {KEY}']),
    ({"name": "x", "labels": {"app": "-bad-"}}, [f'metadata.labels: Invalid value: "-bad-": {VALUE}']),
    (
        {"name": "x", "annotations": {"big": "x" * 262145}},
        ["metadata.annotations: Too long: may not be more than 262144 bytes"],
    ),
    (
        {"name": "x", "finalizers": ["nodomain", "example.com/ok"]},
        [
            'metadata.finalizers[0]: Invalid value: "nodomain": name is neither a standard finalizer name '
            "nor is it "
            "fully qualified"
        ],
    ),
    (
        {"name": "x", "ownerReferences": [{**OWNER, "uid": ""}]},
        ["metadata.ownerReferences[0].uid: Required value: must not be empty"],
    ),
    ({"name": "x", "ownerReferences": [{k: v for k, v in OWNER.items() if k != "controller"}, OWNER]}, []),
]


@pytest.mark.parametrize(("metadata", "expected"), CASES, ids=range(len(CASES)))
def test_wrong_metadata_is_named_in_the_real_words(metadata: dict[str, Any], expected: list[str]) -> None:
    errors = validate_metadata(load()["pods"], {"metadata": {"namespace": "ns", **metadata}})
    assert [str(error) for error in errors] == expected


def test_two_controllers_are_one_too_many() -> None:
    metadata = {"name": "x", "namespace": "ns", "ownerReferences": [OWNER, {**OWNER, "name": "b"}]}
    (error,) = validate_metadata(load()["pods"], {"metadata": metadata})
    assert str(error).endswith(
        'Only one reference can have Controller set to true. Found "true" in references for Pod/a and Pod/b'
    )


def test_what_is_being_deleted_gets_no_new_finalizer() -> None:
    old = {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["example.com/hold"]}}
    new = {"metadata": {"finalizers": ["example.com/hold", "example.com/more"]}}
    assert [str(error) for error in validate_metadata_update(new, old)] == [
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, "
        'found new finalizers []string{"example.com/more"}'
    ]
    assert not list(validate_metadata_update({"metadata": {}}, old))
