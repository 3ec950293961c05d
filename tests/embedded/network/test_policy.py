"""NetworkPolicies, by the recipes and the sentences of the Kubernetes page on them."""

from __future__ import annotations

import pytest

from k8slearn.embedded.network import ConnectionRefused, Unreachable

NODE_ONE, NODE_TWO = "172.18.0.2", "172.18.0.3"


@pytest.fixture
def shop(world):
    """web and db in shop, client in bank; all listen on 80 and 8080."""
    world.web = world.pod(11, app="web")
    named = {"name": "http", "containerPort": 8080, "protocol": "TCP"}
    world.db = world.pod(12, "two", ports=(named,), app="db")
    world.client_pod = world.pod(13, "two", "bank", app="client")
    for ip in (world.web, world.db, world.client_pod):
        for port in (80, 8080):
            world.network.listen(ip, port, world.answering)
    return world


def passes(world, source: str, target: str, port: int = 80) -> bool:
    try:
        world.network.connect(source, target, port)
    except Unreachable:
        return False
    return True


def everyone(world, target: str, port: int = 80) -> list[bool]:
    return [passes(world, source, target, port) for source in (world.web, world.db, world.client_pod)]


def test_without_policies_everybody_reaches_everybody(shop):
    assert everyone(shop, shop.db) == everyone(shop, shop.web) == [True, True, True]


def test_an_empty_policy_denies_all_ingress_to_its_namespace_and_nothing_else(shop):
    shop.policy("deny")
    assert not passes(shop, shop.web, shop.db) and not passes(shop, shop.client_pod, shop.web)
    assert passes(shop, shop.db, shop.client_pod)


def test_a_pod_cannot_block_itself(shop):
    shop.policy("deny", policyTypes=["Ingress", "Egress"])
    assert passes(shop, shop.db, shop.db) and passes(shop, shop.db, "127.0.0.1")


def test_only_selected_pods_are_isolated(shop):
    shop.policy("db", podSelector={"matchLabels": {"app": "db"}})
    assert everyone(shop, shop.web) == [True, True, True]
    assert everyone(shop, shop.db) == [False, True, False]


def test_a_pod_selector_means_the_policys_own_namespace(shop):
    same = shop.pod(14, "one", "bank", app="web")
    shop.policy("db", ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}])
    assert passes(shop, shop.web, shop.db) and not passes(shop, same, shop.db)


def test_a_namespace_selector_means_all_pods_of_its_namespaces(shop):
    shop.policy("db", ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"name": "bank"}}}]}])
    assert everyone(shop, shop.db) == [False, True, True]


def test_two_selectors_in_one_entry_must_both_hold_and_in_two_entries_one_must(shop):
    other = shop.pod(14, "one", "bank", app="other")
    bank, client = (
        {"namespaceSelector": {"matchLabels": {"name": "bank"}}},
        {"podSelector": {"matchLabels": {"app": "client"}}},
    )
    shop.policy("both", ingress=[{"from": [{**bank, **client}]}])
    assert passes(shop, shop.client_pod, shop.db) and not passes(shop, other, shop.db)
    shop.policy("either", ingress=[{"from": [bank, client]}])
    assert passes(shop, other, shop.db)


def test_policies_add_up(shop):
    shop.policy("deny")
    shop.policy("web", ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}])
    shop.policy("bank", ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"name": "bank"}}}]}])
    assert everyone(shop, shop.db) == [True, True, True]


def test_an_empty_rule_allows_everything(shop):
    shop.policy("deny")
    shop.policy("allow", ingress=[{}])
    assert everyone(shop, shop.db, 8080) == [True, True, True]


@pytest.mark.parametrize(
    ("port", "passing"),
    [
        ({"port": 80}, [True, False]),
        ({"port": "http"}, [False, True]),
        ({"port": 80, "endPort": 8080}, [True, True]),
        ({"port": 81, "endPort": 8079}, [False, False]),
        ({"protocol": "TCP"}, [True, True]),
        ({"port": 80, "protocol": "UDP"}, [False, False]),
    ],
)
def test_ports_by_number_name_range_and_protocol(shop, port, passing):
    shop.policy("db", podSelector={"matchLabels": {"app": "db"}}, ingress=[{"ports": [port]}])
    assert [passes(shop, shop.web, shop.db, number) for number in (80, 8080)] == passing


def test_an_ip_block_and_its_exceptions(shop):
    block = {"cidr": "10.244.0.0/16", "except": ["10.244.2.0/24"]}
    shop.policy("db", ingress=[{"from": [{"ipBlock": block}]}])
    assert everyone(shop, shop.db) == [True, True, False]


def test_egress_and_ingress_must_both_agree(shop):
    shop.policy(
        "web",
        podSelector={"matchLabels": {"app": "web"}},
        policyTypes=["Egress"],
        egress=[{"to": [{"podSelector": {"matchLabels": {"app": "db"}}}]}],
    )
    assert passes(shop, shop.web, shop.db)
    assert not passes(shop, shop.web, shop.client_pod)
    assert passes(shop, shop.client_pod, shop.web), "answers to those who come in are always allowed"
    shop.policy("db", podSelector={"matchLabels": {"app": "db"}})
    assert not passes(shop, shop.web, shop.db)


def test_the_pods_behind_a_service_count_and_not_its_address_or_port(shop):
    ip = shop.service("db", [{"addresses": [shop.db]}], ports=[{"port": 80, "targetPort": 8080}])["spec"][
        "clusterIP"
    ]
    shop.policy("db", podSelector={"matchLabels": {"app": "db"}}, ingress=[{"ports": [{"port": 8080}]}])
    assert passes(shop, shop.web, ip)
    shop.policy(
        "web",
        podSelector={"matchLabels": {"app": "web"}},
        policyTypes=["Egress"],
        egress=[{"to": [{"ipBlock": {"cidr": f"{ip}/32"}}]}],
    )
    assert not passes(shop, shop.web, ip)


def test_a_node_always_reaches_its_own_pods_and_is_reached_by_them(shop):
    shop.network.listen(NODE_TWO, 80, shop.answering)
    shop.policy("deny", policyTypes=["Ingress", "Egress"])
    assert passes(shop, NODE_TWO, shop.db) and passes(shop, shop.db, NODE_TWO)
    assert not passes(shop, NODE_ONE, shop.db) and not passes(shop, shop.web, NODE_TWO)


def test_a_ping_is_denied_as_well_and_rules_with_ports_do_not_allow_it(shop):
    shop.policy("db", podSelector={"matchLabels": {"app": "db"}}, ingress=[{"ports": [{"port": 80}]}])
    with pytest.raises(Unreachable):
        shop.network.ping(shop.web, shop.db)
    shop.policy("all", podSelector={"matchLabels": {"app": "db"}}, ingress=[{"from": [{"podSelector": {}}]}])
    shop.network.ping(shop.web, shop.db)


def test_a_closed_port_of_an_isolated_pod_is_silent_and_not_refused(shop):
    with pytest.raises(ConnectionRefused):
        shop.network.connect(shop.web, shop.db, 9)
    shop.policy("deny")
    with pytest.raises(Unreachable):
        shop.network.connect(shop.web, shop.db, 9)
