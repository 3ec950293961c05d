"""Decoding JSON: the sentences are what a real API server (1.37) answered to the same bodies."""

from __future__ import annotations

import copy
import json

import pytest

from k8slearn.embedded.apiserver import schema

POD = "k8s.io.api.core.v1.Pod"
PORT = "Go struct field ContainerPort.spec.containers.ports.containerPort of type int32"


def read(body: str | dict, message: str = POD) -> tuple[dict, list[str]]:
    text = body if isinstance(body, str) else json.dumps(body)
    return schema.decode(message, schema.parse(text.encode()))


def fault(body: str | dict, message: str = POD) -> str:
    with pytest.raises(schema.DecodeError) as caught:
        read(body, message)
    return str(caught.value)


def pod(container: str) -> str:
    start = '{"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "x", '
    return start + container + "}]}}"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ('{"spec": "x"}', "string into Go struct field Pod.spec of type v1.PodSpec"),
        (
            '{"spec": {"containers": {}}}',
            "object into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            '{"spec": {"containers": ["x"]}}',
            "string into Go struct field PodSpec.spec.containers of type v1.Container",
        ),
        (
            pod('"ports": [{"containerPort": "80"}]'),
            "string into " + PORT,
        ),
        (
            pod('"ports": [{"containerPort": 80.5}]'),
            "number 80.5 into " + PORT,
        ),
        (
            pod('"ports": [{"containerPort": 99999999999}]'),
            "number 99999999999 into " + PORT,
        ),
        (pod('"image": 3'), "number into Go struct field Container.spec.containers.image of type string"),
        (
            pod('"imagePullPolicy": 3'),
            "number into Go struct field Container.spec.containers.imagePullPolicy of type v1.PullPolicy",
        ),
        (
            pod('"command": "ls"'),
            "string into Go struct field Container.spec.containers.command of type []string",
        ),
        (pod('"stdin": "yes"'), "string into Go struct field Container.spec.containers.stdin of type bool"),
        (
            pod('"env": [{"name": "a", "value": 3}]'),
            "number into Go struct field EnvVar.spec.containers.env.value of type string",
        ),
        (
            pod('"resources": {"limits": "x"}'),
            "string into Go struct field ResourceRequirements.spec.containers.resources.limits "
            "of type v1.ResourceList",
        ),
        (
            '{"metadata": {"labels": {"a": 1}}}',
            "number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            '{"metadata": {"creationTimestamp": 3}}',
            "number into Go struct field ObjectMeta.metadata.creationTimestamp of type string",
        ),
        (
            '{"spec": {"volumes": [{"name": "v", "configMap": "x"}]}}',
            "string into Go struct field Volume.spec.volumes.VolumeSource.configMap "
            "of type v1.ConfigMapVolumeSource",
        ),
    ],
)
def test_a_wrong_type_is_named_as_go_names_it(body: str, sentence: str) -> None:
    assert fault(body) == f"json: cannot unmarshal {sentence}"


def test_the_first_wrong_type_counts_but_an_unreadable_quantity_counts_more() -> None:
    assert fault(pod('"command": "a", "ports": "b", "bogus": 1')).endswith("command of type []string")
    both = pod('"ports": "b", "resources": {"limits": {"cpu": "zz"}}')
    assert fault(both).startswith("quantities must match the regular expression")


@pytest.mark.parametrize(
    ("quantity", "sentence"),
    [
        (
            "abc",
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        ("", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
        ("1kk", "unable to parse quantity's suffix"),
    ],
)
def test_a_bad_quantity(quantity: str, sentence: str) -> None:
    assert fault(pod(f'"resources": {{"limits": {{"cpu": "{quantity}"}}}}')) == sentence


@pytest.mark.parametrize(
    ("time", "sentence"),
    [
        ("x", 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'),
        ("2020-01-01", 'parsing time "2020-01-01" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'),
        ("2020-13-01T00:00:00Z", 'parsing time "2020-13-01T00:00:00Z": month out of range'),
        ("2020-01-01T00:00:00Zx", 'parsing time "2020-01-01T00:00:00Zx": extra text: "x"'),
    ],
)
def test_a_bad_time(time: str, sentence: str) -> None:
    assert fault({"metadata": {"creationTimestamp": time}}) == sentence


@pytest.mark.parametrize(
    ("data", "at"),
    [
        ("!!!!", 0),
        ("abc", 0),
        ("abcd=", 4),
        ("ab=", 3),
        ("ab==c", 4),
        ("abcde", 4),
        ("ab=c", 2),
        ("ab=a=", 2),
        ("abcdef=x", 6),
        ("YWJj\nYWJ", 5),
    ],
)
def test_bad_base64_is_named_by_its_first_bad_byte(data: str, at: int) -> None:
    message = "k8s.io.api.core.v1.Secret"
    assert fault({"data": {"a": data}}, message) == f"illegal base64 data at input byte {at}"


def test_good_base64_is_kept_without_line_breaks() -> None:
    decoded, _ = read(
        {"data": {"a": "YWJj", "b": "YWI=", "c": "YWJj\nYWI=\n", "d": ""}}, "k8s.io.api.core.v1.Secret"
    )
    assert decoded["data"] == {"a": "YWJj", "b": "YWI=", "c": "YWJjYWI=", "d": ""}


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        (pod('"imagePullpolicy": "x"'), ['unknown field "spec.containers[0].imagePullpolicy"']),
        ('{"spek": {}, "spec": {"replicas": 3}}', ['unknown field "spek"', 'unknown field "spec.replicas"']),
        (
            '{"metadata": {"name": "e", "name": "f", "labels": {"a": "b", "a": "c"}}}',
            ['duplicate field "metadata.name"', 'duplicate field "metadata.labels.a"'],
        ),
        ('{"foo": 1, "foo": 2}', ['unknown field "foo"']),
        (
            '{"spec": {"volumes": [{"name": "v", "hostpath": {}}]}}',
            ['unknown field "spec.volumes[0].hostpath"'],
        ),
    ],
)
def test_unknown_and_repeated_fields_are_told_by_their_path(body: str, problems: list[str]) -> None:
    assert read(body)[1] == problems


def test_no_more_than_a_hundred_problems_are_told() -> None:
    assert len(read({f"x{number}": 1 for number in range(200)})[1]) == 100


def test_nulls_and_zeros_are_dropped_or_kept_as_go_does() -> None:
    decoded, problems = read(
        {
            "metadata": {"name": "web", "creationTimestamp": None, "generation": 0, "labels": {}},
            "spec": {"replicas": 0, "paused": False, "template": {"spec": {"hostNetwork": False}}},
            "status": {},
        },
        "k8s.io.api.apps.v1.Deployment",
    )
    assert problems == []
    assert decoded == {
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 0,
            "strategy": {},
            "template": {"metadata": {}, "spec": {"containers": []}},
        },
        "status": {},
    }


def test_null_in_a_list_or_a_map_is_a_zero() -> None:
    decoded, _ = read({"metadata": {"labels": {"a": None}, "finalizers": [None, "x/y"]}})
    assert decoded["metadata"] == {"labels": {"a": ""}, "finalizers": ["", "x/y"]}


def test_values_are_written_canonically() -> None:
    limits = {"cpu": 0.25, "memory": "1024Mi", "example.com/a": 1000}
    decoded, _ = read(
        {
            "metadata": {"creationTimestamp": "2026-01-02T03:04:05.678+02:00"},
            "spec": {"containers": [{"name": "c", "resources": {"limits": limits}}]},
        }
    )
    assert decoded["metadata"]["creationTimestamp"] == "2026-01-02T01:04:05Z"
    found = decoded["spec"]["containers"][0]["resources"]["limits"]
    assert found == {"cpu": "250m", "memory": "1Gi", "example.com/a": "1k"}


def test_the_input_is_not_altered() -> None:
    raw = {"metadata": {"name": "p", "labels": None}, "spec": {"containers": [{"name": "c", "x": 1}]}}
    before = copy.deepcopy(raw)
    schema.decode(POD, raw)
    assert raw == before


def test_the_zero_of_a_message() -> None:
    assert schema.zero("k8s.io.api.core.v1.ServiceStatus") == {"loadBalancer": {}}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "unexpected end of JSON input"),
        ('{"a": 1', "unexpected end of JSON input"),
        ('{"a": "b', "unexpected end of JSON input"),
        ('{"a": 1,}', "invalid character '}' looking for beginning of object key string"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a": x}', "invalid character 'x' looking for beginning of value"),
        ('{"a": "b\\q"}', "invalid character 'q' in string escape code"),
        ('{"a": 1 "b": 2}', "invalid character '\"' after object key:value pair"),
        ("{}x", "invalid character 'x' after top-level value"),
        ("NaN", "invalid character 'N' looking for beginning of value"),
        ("[" * 100_000, "exceeded max depth"),
    ],
)
def test_text_that_is_no_json(text: str, sentence: str) -> None:
    with pytest.raises(schema.DecodeError) as caught:
        schema.parse(text.encode())
    assert str(caught.value) == sentence


def test_half_a_surrogate_pair_becomes_the_replacement_character() -> None:
    assert schema.parse(rb'["\ud83d\ude00", "\ud83d", "\ude00x", "\\ud83d"]') == [
        "\U0001f600",
        "\ufffd",
        "\ufffdx",
        "\\ud83d",
    ]
    assert schema.parse(b'"\xff"') == "\ufffd"
