"""What is allowed, but hardly what was meant: the words of ``kubectl apply`` on a real cluster."""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver.validation.pod_warnings import template_update_warnings, warn_of_pod_spec


def warned(**container: Any) -> list[str]:
    return list(warn_of_pod_spec("spec", {"containers": [{"name": "a", **container}]}))


def test_a_sensible_pod_is_not_warned_of():
    assert warned(env=[{"name": "A", "value": "1"}], resources={"limits": {"memory": "400Mi"}}) == []


def test_a_variable_may_build_on_its_first_definition_but_not_hide_it():
    path = [{"name": "PATH", "value": "/bin"}, {"name": "PATH", "value": "$(PATH):/opt"}]
    assert warned(env=path) == []
    assert warned(env=[path[0], {"name": "PATH", "value": "/opt"}]) == [
        'spec.containers[0].env[1]: hides previous definition of "PATH", which may be dropped when using apply'
    ]


def test_a_milli_byte_is_no_memory():
    assert warned(resources={"limits": {"memory": "400m"}}) == [
        'spec.containers[0].resources.limits[memory]: fractional byte value "400m" is invalid, must be an integer'
    ]


def test_a_port_of_two_protocols_is_two_ports():
    tcp, udp = ({"containerPort": 53, "protocol": protocol} for protocol in ("TCP", "UDP"))
    assert warned(ports=[tcp, udp]) == []
    assert warned(ports=[tcp, udp, tcp]) == [
        "spec.containers[0].ports[2]: duplicate port definition with spec.containers[0].ports[0]"
    ]


def test_a_workload_is_warned_of_again_when_its_spec_has_changed():
    spec = {"template": {"spec": {"terminationGracePeriodSeconds": -1}}}
    before, after = ({"metadata": {"generation": number}, "spec": spec} for number in (1, 2))
    assert list(template_update_warnings(after, before)) == [
        "spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be "
        "treated as 1"
    ]
    assert list(template_update_warnings(before, before)) == []
