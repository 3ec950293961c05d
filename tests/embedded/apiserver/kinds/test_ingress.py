"""An Ingress is judged in a real cluster's words."""

from __future__ import annotations

import pytest

from k8slearn.embedded.apiserver.kinds import load
from k8slearn.embedded.apiserver.validation.ingress import validate_ingress

BACKEND = {"service": {"name": "web", "port": {"number": 80}}}


def rule(host: str = "", **path: object) -> dict:
    return {"rules": [{"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", **path}]}}]}


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({}, "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"),
        (
            rule(backend=BACKEND, pathType=None),
            "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified",
        ),
        (
            rule(backend=BACKEND, path="x"),
            'spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path',
        ),
        (
            rule(backend=BACKEND, pathType="Foo"),
            'spec.rules[0].http.paths[0].pathType: Unsupported value: "Foo": '
            'supported values: "Exact", "ImplementationSpecific", "Prefix"',
        ),
        (
            rule(backend={"service": {"name": "web"}}),
            "spec.rules[0].http.paths[0].backend: Required value: port name or number is required",
        ),
        (
            rule(backend={}),
            'spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required',
        ),
        (
            rule("1.2.3.4", backend=BACKEND),
            'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
        ),
    ],
)
def test_what_is_wrong_is_said_as_a_real_cluster_says_it(spec: dict, sentence: str):
    assert [str(error) for error in validate_ingress(spec)] == [sentence]


def test_the_row_shows_hosts_and_ports():
    kind = load()["ingresses.networking.k8s.io"]
    obj = {"metadata": {"name": "ok"}, "spec": {**rule("a.example", backend=BACKEND), "tls": [{}]}}
    cells = {column.name: column.cell(obj, 0.0) for column in kind.columns}
    assert (cells["Class"], cells["Hosts"], cells["Ports"]) == ("<none>", "a.example", "80, 443")
