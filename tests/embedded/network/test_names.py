"""The cluster's DNS zone, and what a pod's resolv.conf makes of a name."""

from __future__ import annotations

import pytest

from k8slearn.embedded.network.names import UNKNOWN
from k8slearn.embedded.network.resolver import ResolverConfig, resolver_config

ZONE = "shop.svc.cluster.local"


def records(world, name: str, type: str = "A") -> list[str]:
    return [record.value for record in world.network.names.query(name, type).records]


@pytest.fixture
def named(world):
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    world.service("web", [world.endpoint(2)], ports=ports, clusterIP="10.96.3.3")
    world.service(
        "db",
        [world.endpoint(2, hostname="db-0"), world.endpoint(3), world.endpoint(1, ready=False)],
        ports=ports,
        clusterIP="None",
    )
    return world


def test_a_service_is_its_cluster_ip(named):
    assert records(named, f"web.{ZONE}") == ["10.96.3.3"]
    assert named.network.names.query(f"web.{ZONE}", "AAAA").known
    for name in (
        "web.bank.svc.cluster.local",
        f"nosuch.{ZONE}",
        "web.shop",
        "example.com",
        f"a.b.c.web.{ZONE}",
    ):
        assert (
            named.network.names.query(name, "A") is UNKNOWN or not named.network.names.query(name, "A").known
        )


def test_a_headless_service_is_its_ready_pods_and_each_of_them_has_a_name(named):
    assert records(named, f"db.{ZONE}") == ["10.244.1.3", "10.244.2.4"]
    assert records(named, f"db-0.db.{ZONE}") == ["10.244.1.3"]
    assert records(named, f"10-244-2-4.db.{ZONE}") == ["10.244.2.4"]
    assert not named.network.names.query(f"db-1.db.{ZONE}", "A").known


def test_a_headless_service_without_ready_pods_is_unknown(world):
    world.service("db", [world.endpoint(1, ready=False)], clusterIP="None")
    assert not world.network.names.query(f"db.{ZONE}", "A").known


def test_ports_by_name(named):
    assert records(named, f"_http._tcp.web.{ZONE}", "SRV") == [f"0 100 80 web.{ZONE}"]
    assert records(named, f"_http._tcp.db.{ZONE}", "SRV") == [
        f"0 50 8080 db-0.db.{ZONE}",
        f"0 50 8080 10-244-2-4.db.{ZONE}",
    ]
    assert records(named, f"_http._tcp.web.{ZONE}") == ["10.96.3.3"]
    for name in (f"_http._udp.web.{ZONE}", f"_grpc._tcp.web.{ZONE}"):
        assert not named.network.names.query(name, "SRV").known


def test_an_external_name_is_an_alias_and_is_followed_inside_the_cluster(named):
    for name, target in (("near", f"web.{ZONE}"), ("far", "example.com")):
        spec = {"type": "ExternalName", "externalName": target}
        named.client.create("services", {"metadata": {"name": name, "namespace": "shop"}, "spec": spec})
    assert records(named, f"near.{ZONE}") == [f"web.{ZONE}", "10.96.3.3"]
    assert records(named, f"far.{ZONE}") == ["example.com"]
    assert named.network.names.query(f"far.{ZONE}", "A").addresses == []


def test_a_pods_address_as_a_name_is_that_address_whether_it_is_there_or_not(world):
    assert records(world, "10-244-9-9.shop.pod.cluster.local") == ["10.244.9.9"]
    assert not world.network.names.query("10-244-9-9.nosuch.pod.cluster.local", "A").known


def test_addresses_have_names(named):
    assert records(named, "3.3.96.10.in-addr.arpa", "PTR") == [f"web.{ZONE}"]
    assert sorted(records(named, "3.1.244.10.in-addr.arpa", "PTR")) == [
        f"10-244-1-3.web.{ZONE}",
        f"db-0.db.{ZONE}",
    ]
    assert not named.network.names.query("9.9.244.10.in-addr.arpa", "PTR").known


def test_the_zone_itself(world):
    assert records(world, "cluster.local", "NS") == ["kube-dns.kube-system.svc.cluster.local"]
    assert records(world, "dns-version.cluster.local", "TXT") == ['"1.1.0"']
    assert world.network.names.query(ZONE, "A").known
    assert not world.network.names.query("nosuch.svc.cluster.local", "A").known


def pod(**spec) -> dict:
    return {"metadata": {"name": "web", "namespace": "shop"}, "spec": spec}


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (
            {},
            f"search {ZONE} svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n",
        ),
        (
            {
                "dnsConfig": {
                    "nameservers": ["1.1.1.1"],
                    "searches": ["a.b"],
                    "options": [{"name": "ndots", "value": "2"}],
                }
            },
            f"search {ZONE} svc.cluster.local cluster.local a.b\n"
            "nameserver 10.96.0.10\nnameserver 1.1.1.1\noptions ndots:2\n",
        ),
        (
            {
                "dnsPolicy": "None",
                "dnsConfig": {
                    "nameservers": ["10.96.0.10"],
                    "searches": ["a.b", "c.d"],
                    "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}],
                },
            },
            "search a.b c.d\nnameserver 10.96.0.10\noptions ndots:2 edns0\n",
        ),
        ({"dnsPolicy": "Default"}, "nameserver 172.18.0.1\noptions ndots:0\n"),
        ({"hostNetwork": True}, "nameserver 172.18.0.1\noptions ndots:0\n"),
        (
            {"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"},
            f"search {ZONE} svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n",
        ),
    ],
)
def test_resolv_conf_follows_the_pods_policy(spec, text):
    config = resolver_config(pod(**spec))
    assert config.text() == text
    assert ResolverConfig.parse(text) == config


def test_the_search_list_comes_first_for_names_with_few_dots():
    config = resolver_config(pod())
    assert config.candidates("web") == [f"web.{ZONE}", "web.svc.cluster.local", "web.cluster.local", "web"]
    assert config.candidates("a.b.c.d.e.f")[0] == "a.b.c.d.e.f"
    assert config.candidates("web.bank.") == ["web.bank"]
