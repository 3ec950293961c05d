"""Patches: what a real cluster (1.37) was seen to answer to the same patches of the same objects."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.embedded.apiserver import patch
from k8slearn.embedded.apiserver.status import ApiError

DEPLOYMENT = "k8s.io.api.apps.v1.Deployment"


def deployment() -> dict:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "finalizers": ["example.com/a", "example.com/b"]},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "emptyDir": {}}],
                    "containers": [
                        {
                            "name": "a",
                            "image": "x:1",
                            "ports": [{"containerPort": 80}],
                            "env": [{"name": name, "value": "1"} for name in "ABC"],
                        },
                        {"name": "b", "image": "x:1"},
                        {"name": "c", "image": "x:1"},
                    ],
                },
            },
        },
    }


def apply(body: object, kind: str = patch.STRATEGIC, validation: str = "Warn") -> tuple[dict, list[str]]:
    live = deployment()
    before = copy.deepcopy(live)
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        return patch.apply(kind, live, text, DEPLOYMENT, validation)
    finally:
        assert live == before, "a patch must not alter what is stored"


def refusal(body: object, kind: str = patch.STRATEGIC, validation: str = "Warn") -> tuple[int, str]:
    with pytest.raises(ApiError) as caught:
        apply(body, kind, validation)
    return caught.value.code, caught.value.message


def pod(spec: dict) -> dict:
    return {"spec": {"template": {"spec": spec}}}


@pytest.mark.parametrize(
    ("spec", "containers"),
    [
        ({"containers": [{"name": "log", "image": "y"}]}, "log a b c"),
        ({"containers": [{"name": "c", "image": "y"}, {"name": "a", "image": "y"}]}, "b c a"),
        ({"containers": [{"name": "n", "image": "y"}, {"name": "b", "image": "y"}]}, "n a b c"),
        ({"containers": [{"name": "b", "image": "y"}, {"name": "n", "image": "y"}]}, "a b n c"),
        ({"$setElementOrder/containers": [{"name": n} for n in "cab"]}, "c a b"),
        (
            {
                "$setElementOrder/containers": [{"name": "c"}, {"name": "n"}],
                "containers": [{"name": "n", "image": "q"}],
            },
            "a b c n",
        ),
        (
            {
                "$setElementOrder/containers": [{"name": n} for n in "abcn"],
                "containers": [{"name": "n", "image": "q"}],
            },
            "a b c n",
        ),
        ({"containers": [{"name": "b", "$patch": "delete"}, {"name": "n", "image": "q"}]}, "n a c"),
        (
            {
                "$setElementOrder/containers": [{"name": "b"}, {"name": "n"}],
                "containers": [{"name": "n", "image": "q"}, {"name": "a", "$patch": "delete"}],
            },
            "b c n",
        ),
        ({"containers": [{"$patch": "replace"}, {"name": "n", "image": "q"}]}, "n"),
        ({"$patch": "replace", "containers": [{"name": "n", "image": "q"}]}, "n"),
    ],
)
def test_elements_of_a_merged_list_come_in_the_order_of_a_real_cluster(spec: dict, containers: str) -> None:
    patched, warnings = apply(pod(spec))
    found = patched["spec"]["template"]["spec"]["containers"]
    assert " ".join(container["name"] for container in found) == containers
    assert warnings == []


def test_an_element_is_merged_with_the_live_one_of_its_name() -> None:
    patched, _ = apply(
        pod({"containers": [{"name": "a", "env": [{"name": "D"}, {"name": "A", "value": "9"}]}]})
    )
    container = patched["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "x:1"
    assert [variable["name"] for variable in container["env"]] == ["D", "A", "B", "C"]
    assert container["env"][1]["value"] == "9"


@pytest.mark.parametrize(
    ("metadata", "finalizers"),
    [
        ({"finalizers": ["example.com/c", "example.com/a"]}, "cab"),
        ({"$deleteFromPrimitiveList/finalizers": ["example.com/a"]}, "b"),
        ({"$setElementOrder/finalizers": ["example.com/b", "example.com/a"]}, "ba"),
        (
            {
                "$setElementOrder/finalizers": ["example.com/b", "example.com/d"],
                "finalizers": ["example.com/d"],
                "$deleteFromPrimitiveList/finalizers": ["example.com/a"],
            },
            "bd",
        ),
    ],
)
def test_a_list_of_strings_is_merged(metadata: dict, finalizers: str) -> None:
    patched, _ = apply({"metadata": metadata})
    assert "".join(name[-1] for name in patched["metadata"]["finalizers"]) == finalizers


def test_retain_keys_clears_the_other_keys() -> None:
    strategy = {"$retainKeys": ["type"], "type": "Recreate"}
    assert apply({"spec": {"strategy": strategy}})[0]["spec"]["strategy"] == {"type": "Recreate"}
    volume = {"name": "w", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x"}}
    patched, _ = apply(pod({"volumes": [volume]}))
    assert patched["spec"]["template"]["spec"]["volumes"][1] == {"name": "w", "hostPath": {"path": "/x"}}


def test_null_removes_and_a_list_without_a_merge_key_is_replaced() -> None:
    tolerations = [{"key": "b", "operator": "Exists"}]
    patched, _ = apply({"spec": {"replicas": None, "template": {"spec": {"tolerations": tolerations}}}})
    assert "replicas" not in patched["spec"]
    assert patched["spec"]["template"]["spec"]["tolerations"] == tolerations


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ([], 400, "json: cannot unmarshal array into Go value of type map[string]interface {}"),
        ("not json", 400, "json: cannot unmarshal string into Go value of type map[string]interface {}"),
        (3, 400, "json: cannot unmarshal number into Go value of type map[string]interface {}"),
        (
            pod({"containers": [{"image": "x"}]}),
            500,
            "map: map[image:x] does not contain declared merge key: name",
        ),
        ({"spec": {"$patch": "foo"}}, 500, "unknown patch type: foo in map: map[$patch:foo]"),
        (pod({"$retainKeys": ["x"], "hostname": "a"}), 400, "invalid patch format of retainKeys"),
        (pod({"$setElementOrder/containers": "x"}), 500, "expected a []interface {}, but received a string"),
        (
            pod(
                {"$setElementOrder/containers": [{"name": "b"}], "containers": [{"name": "a", "image": "x"}]}
            ),
            500,
            "The order in patch list:\n[map[image:x name:a]]\n"
            " doesn't match $setElementOrder list:\n[map[name:b]]\n",
        ),
    ],
)
def test_a_strategic_patch_that_makes_no_sense(body: object, code: int, message: str) -> None:
    assert refusal(body) == (code, message)


@pytest.mark.parametrize(
    ("body", "shown", "why"),
    [
        ({"spec": {"replicas": "two"}}, "map[spec:map[replicas:two]]", "unrecognized type: int32"),
        ({"spec": {"replicas": 1.5}}, "map[spec:map[replicas:1.5]]", "cannot convert float64 to int32"),
        (
            {"spec": {"template": "x"}},
            "map[spec:map[template:x]]",
            "cannot restore struct from: string",
        ),
        (
            pod({"containers": "x"}),
            "map[spec:map[template:map[spec:map[containers:x]]]]",
            "cannot restore slice from string",
        ),
        (
            {"metadata": {"labels": {"a": 1}}},
            "map[metadata:map[labels:map[a:1]]]",
            "cannot convert int64 to string",
        ),
        (
            pod({"containers": [{"name": "a", "ports": [{"containerPort": "80"}]}]}),
            "map[spec:map[template:map[spec:map[containers:[map[name:a ports:[map[containerPort:80]]]]]]]]",
            "unrecognized type: int32",
        ),
    ],
)
def test_a_strategic_patch_with_a_value_of_a_wrong_type(body: object, shown: str, why: str) -> None:
    assert refusal(body) == (422, f' "" is invalid: patch: Invalid value: "{shown}": {why}')


def test_a_merge_patch_with_a_value_of_a_wrong_type_shows_the_result() -> None:
    code, message = refusal({"spec": {"replicas": "x"}}, patch.MERGE)
    assert code == 422
    assert message.startswith(' "" is invalid: patch: Invalid value: "{\\"apiVersion\\":\\"apps/v1\\"')
    assert message.endswith(
        "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"
    )


@pytest.mark.parametrize(
    ("operations", "code", "message"),
    [
        (
            [{"op": "test", "path": "/spec/replicas", "value": 7}],
            422,
            "the server rejected our request due to an error in our request",
        ),
        (
            [{"op": "remove", "path": "/spec/nosuch"}],
            422,
            "the server rejected our request due to an error in our request",
        ),
        (
            [{"op": "remove", "path": "/spec/template/spec/containers/5"}],
            422,
            "the server rejected our request due to an error in our request",
        ),
        (
            [{"op": "foo", "path": "/spec"}],
            422,
            "the server rejected our request due to an error in our request",
        ),
        (
            ["x"],
            422,
            "the server rejected our request due to an error in our request",
        ),
        (
            {"op": "test"},
            400,
            "error decoding patch: "
            "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
        (
            "x",
            400,
            "error decoding patch: "
            "json: cannot unmarshal string into Go value of type []handlers.jsonPatchOp",
        ),
    ],
)
def test_a_json_patch_that_fails(operations: object, code: int, message: str) -> None:
    assert refusal(operations, patch.JSON) == (code, message)


def test_a_json_patch_is_applied_in_order() -> None:
    patched, warnings = apply(
        [
            {"op": "test", "path": "/spec/replicas", "value": 0},
            {"op": "replace", "path": "/spec/replicas", "value": 2, "foo": 1},
            {"op": "add", "path": "/metadata/labels", "value": {"a/b": "c"}},
            {"op": "remove", "path": "/metadata/labels/a~1b"},
        ],
        patch.JSON,
    )
    assert patched["spec"]["replicas"] == 2
    assert "labels" not in patched["metadata"]
    assert warnings == ['json patch unknown field "[1].foo"']


def test_unknown_fields_are_warned_of_refused_or_dropped() -> None:
    body = {"spec": {"nosuch": 1, "bogus": 2}}
    patched, warnings = apply(body)
    assert warnings == ['unknown field "spec.bogus"', 'unknown field "spec.nosuch"']
    assert "nosuch" not in patched["spec"]
    assert apply(body, validation="Ignore")[1] == []
    code, message = refusal(body, validation="Strict")
    assert code == 422
    assert message.endswith('strict decoding error: unknown field "spec.bogus", unknown field "spec.nosuch"')


def test_a_name_that_occurs_twice_is_warned_of() -> None:
    assert apply(b'{"a": 1, "a": 2}')[1] == ['duplicate field "a"', 'unknown field "a"']


def test_an_unknown_content_type_is_refused() -> None:
    assert refusal({}, "text/plain")[0] == 415


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text("abc", max_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)
objects = st.dictionaries(st.text("abc", max_size=1), values, max_size=3)


@given(objects, objects)
def test_a_merge_patch_applied_twice_is_applied_once(live: dict, change: dict) -> None:
    once = patch.merge(live, change)
    assert patch.merge(once, change) == once


@given(objects, objects)
def test_a_merge_patch_sets_what_it_names_and_leaves_the_rest(live: dict, change: dict) -> None:
    before = copy.deepcopy((live, change))
    merged = patch.merge(live, change)
    assert (live, change) == before
    for name in live.keys() | change.keys():
        if name not in change:
            assert merged[name] == live[name]
        elif change[name] is None:
            assert name not in merged
        elif not isinstance(change[name], dict):
            assert merged[name] == change[name]
