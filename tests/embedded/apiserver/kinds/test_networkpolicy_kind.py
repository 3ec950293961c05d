"""NetworkPolicies: what a real server fills in."""

from __future__ import annotations

import pytest

POLICIES = "networkpolicies.networking.k8s.io"


@pytest.mark.parametrize(
    ("spec", "stored"),
    [
        ({}, {"podSelector": {}, "policyTypes": ["Ingress"]}),
        ({"egress": [{}]}, {"podSelector": {}, "egress": [{}], "policyTypes": ["Ingress", "Egress"]}),
        (
            {"policyTypes": ["Egress"], "ingress": [{"ports": [{"port": 80}]}]},
            {
                "podSelector": {},
                "policyTypes": ["Egress"],
                "ingress": [{"ports": [{"port": 80, "protocol": "TCP"}]}],
            },
        ),
    ],
)
def test_defaults(door, spec, stored):
    assert door.create(POLICIES, "p", spec=spec)["spec"] == stored


def test_leading_zeros_and_other_families_of_addresses_are_told(door):
    def refusal(**block):
        return door.refuses(door.create, POLICIES, "p", spec={"ingress": [{"from": [{"ipBlock": block}]}]})

    assert refusal(cidr="010.0.0.0/8").endswith(
        'cidr: Invalid value: "010.0.0.0/8": must not have leading 0s in IP or prefix length'
    )
    assert refusal(cidr="2001:db8::/32", **{"except": ["10.0.0.0/8"]}).endswith(
        'except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`'
    )
