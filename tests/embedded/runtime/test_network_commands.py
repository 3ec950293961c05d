"""Commands that look at the network or use it by hand: nc, ping, nslookup, getent, ip, netstat."""

from __future__ import annotations

import pytest


@pytest.fixture
def box(lab):
    return lab.run(args=["sleep", "9999"])


@pytest.fixture
def web(lab):
    """An nginx behind the Service web, and a headless one, db, with the pod db-0; its address."""
    ip = lab.run("nginx:1.29", name="web").kernel.ip
    lab.client.create("namespaces", {"metadata": {"name": "default"}})
    for name, extra in (("web", {"clusterIP": "10.96.7.7"}), ("db", {"clusterIP": "None"})):
        ports = [{"name": "http", "port": 80}]
        lab.client.create(
            "services",
            {"metadata": {"name": name, "namespace": "default"}, "spec": {"ports": ports, **extra}},
        )
        endpoint = {"addresses": [ip], "conditions": {"ready": True}}
        if name == "db":
            endpoint["hostname"] = "db-0"
        lab.client.create(
            "endpointslices.discovery.k8s.io",
            {
                "metadata": {
                    "name": name,
                    "namespace": "default",
                    "labels": {"kubernetes.io/service-name": name},
                },
                "addressType": "IPv4",
                "ports": [{"name": "http", "port": 80}],
                "endpoints": [endpoint],
            },
        )
    return ip


# -- nc ---------------------------------------------------------------------------------------------


def test_nc_tells_an_open_port_from_a_closed_one_and_from_silence(lab, box, web):
    assert lab.exec(box, "nc", "-zv", web, "80") == ("", f"{web} ({web}:80) open\n", 0)
    assert lab.exec(box, "nc", "-z", "web", "80") == ("", "", 0)
    assert lab.exec(box, "nc", "-zv", web, "81") == ("", "", 1)
    assert lab.exec(box, "nc", "-zvv", web, "81") == ("", f"nc: {web} ({web}:81): Connection refused\n", 1)
    silent = "nc: 10.9.9.9 (10.9.9.9:80): Connection timed out\n"
    assert lab.exec(box, "nc", "-zv", "-w", "2", "10.9.9.9", "80", seconds=2) == ("", silent, 1)
    assert lab.exec(box, "nc", "nosuch", "80") == ("", "nc: bad address 'nosuch'\n", 1)


def test_two_nc_talk_to_each_other(lab):
    script = "echo hi | nc -l -p 9999 & sleep 1; echo ping | nc 127.0.0.1 9999"
    assert sorted(lab.sh(script).out.split()) == ["hi", "ping"]


def test_nc_is_an_echo_server_for_any_number_of_clients(lab):
    script = "nc -lk -p 9999 -e cat & sleep 1; for i in 1 2 3; do echo $i | nc localhost 9999; done"
    assert lab.sh(script).out == "1\n2\n3\n"


def test_a_request_written_by_hand_is_answered(lab, box, web):
    outcome = lab.exec(box, "nc", "web", "80", stdin="GET / HTTP/1.0\r\n\r\n")
    assert outcome.out.startswith("HTTP/1.1 200 OK\r\n") and "Welcome to nginx!" in outcome.out


def test_an_answer_written_by_hand_serves_a_request(lab, box):
    script = "while true; do printf 'HTTP/1.1 200 OK\\n\\nhello\\n' | nc -l -p 8080; done"
    server = lab.run(argv=["sh", "-c", script], name="server")
    for _ in range(2):
        assert lab.exec(box, "wget", "-qO-", f"http://{server.kernel.ip}:8080/x", seconds=2).out == "hello\n"
    assert b"GET /x HTTP/1.1\r\n" in b"".join(line.text for line in server.log.lines)


def test_a_second_listener_on_a_port_is_refused(lab):
    script = "nc -l -p 80 & sleep 1; nc -l -p 80"
    assert lab.sh(script).err == "nc: bind: Address already in use\n"


# -- ping -------------------------------------------------------------------------------------------


def test_ping_counts_what_comes_back(lab, box, web):
    lines = lab.exec(box, "ping", "-c", "2", web).out.splitlines()
    assert lines[0] == f"PING {web} ({web}): 56 data bytes"
    assert [line.partition(" ttl")[0] for line in lines[1:3]] == [
        f"64 bytes from {web}: seq={n}" for n in (0, 1)
    ]
    assert lines[4:6] == [
        f"--- {web} ping statistics ---",
        "2 packets transmitted, 2 packets received, 0% packet loss",
    ]
    assert lines[6].startswith("round-trip min/avg/max = ")


@pytest.mark.usefixtures("web")
def test_a_cluster_ip_does_not_answer_a_ping(lab, box):
    outcome = lab.exec(box, "ping", "-c1", "-W1", "web", seconds=2)
    assert outcome.code == 1
    assert outcome.out == (
        "PING web (10.96.7.7): 56 data bytes\n\n--- web ping statistics ---\n"
        "1 packets transmitted, 0 packets received, 100% packet loss\n"
    )
    assert lab.exec(box, "ping", "nosuch") == ("", "ping: bad address 'nosuch'\n", 1)


# -- names ------------------------------------------------------------------------------------------

SERVER = "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n"


def nslookup(lab, box, *args):
    outcome = lab.exec(box, "nslookup", *args)
    assert outcome.out.startswith(SERVER)
    return outcome.out.removeprefix(SERVER), outcome.code


@pytest.mark.usefixtures("web")
def test_nslookup_of_a_full_name(lab, box):
    name = "web.default.svc.cluster.local"
    assert nslookup(lab, box, name) == (f"Name:\t{name}\nAddress: 10.96.7.7\n\n\n", 0)
    assert nslookup(lab, box, "-type=a", f"{name}.") == (f"Name:\t{name}\nAddress: 10.96.7.7\n\n", 0)


@pytest.mark.usefixtures("web")
def test_nslookup_of_a_short_name_complains_about_the_rest_of_the_search_list(lab, box):
    missing = "".join(
        f"** server can't find web.{suffix}: NXDOMAIN\n\n" * 2
        for suffix in ("svc.cluster.local", "cluster.local")
    )
    found = "Name:\tweb.default.svc.cluster.local\nAddress: 10.96.7.7\n\n\n"
    assert nslookup(lab, box, "web") == (found + missing, 1)


@pytest.mark.usefixtures("web")
def test_nslookup_asks_for_a_name_with_dots_as_it_is(lab, box):
    assert nslookup(lab, box, "web.default") == ("** server can't find web.default: NXDOMAIN\n\n" * 2, 1)


def test_nslookup_finds_ports_and_owners(lab, box, web):
    srv = "_http._tcp.db.default.svc.cluster.local"
    target = "db-0.db.default.svc.cluster.local"
    assert nslookup(lab, box, "-type=srv", srv) == (f"{srv}\tservice = 0 100 80 {target}\n\n", 0)
    reverse = ".".join(reversed(web.split("."))) + ".in-addr.arpa"
    names = f"{web.replace('.', '-')}.web.default.svc.cluster.local", target
    text, code = nslookup(lab, box, web)
    assert sorted(text.split("\n")) == sorted(["", "", *(f"{reverse}\tname = {name}" for name in names)])
    assert code == 0
    missing = "** server can't find 9.9.9.10.in-addr.arpa: NXDOMAIN\n\n"
    assert nslookup(lab, box, "10.9.9.9") == (missing, 1)


def test_nslookup_without_a_name_server(lab, box):
    lab.network.detach("10.96.0.10")
    silent = ";; connection timed out; no servers could be reached\n\n"
    assert lab.exec(box, "nslookup", "web", seconds=4.9).code is None
    assert lab.exec(box, "nslookup", "web", seconds=5) == (silent, "", 1)


def test_names_cost_twenty_seconds_without_a_name_server(lab, box):
    lab.network.detach("10.96.0.10")
    assert lab.exec(box, "wget", "http://web/", seconds=19).code is None
    assert lab.exec(box, "wget", "http://web/", seconds=20).err == "wget: bad address 'web'\n"


@pytest.mark.usefixtures("web")
def test_getent_uses_the_hosts_file_and_the_search_list(lab):
    other = lab.run("nginx:1.29", name="other")
    assert lab.exec(other, "getent", "hosts", "web").out == "10.96.7.7       web.default.svc.cluster.local\n"
    assert lab.exec(other, "getent", "hosts", "other").out == f"{other.kernel.ip:15} other\n"
    assert lab.exec(other, "getent", "hosts", "nosuch") == ("", "", 2)


def test_a_changed_hosts_file_counts(lab, box, web):
    script = f"echo '{web} shop.example' >> /etc/hosts; wget -qO- http://shop.example/ | head -n 1"
    assert lab.exec(box, "sh", "-c", script).out == "<!DOCTYPE html>\n"


# -- what one sees from inside ----------------------------------------------------------------------


def test_ip_and_netstat(lab, box, web):
    lines = lab.exec(box, "ip", "addr", "show", "eth0").out.splitlines()
    ip = box.kernel.ip
    assert f"    inet {ip}/24 brd 10.244.1.255 scope global eth0" in lines
    assert lab.exec(box, "ip", "route").out.splitlines()[0] == "default via 10.244.1.1 dev eth0 "
    lab.exec(box, "sh", "-c", "httpd -p 8080")
    assert lab.exec(box, "netstat", "-tln").out.splitlines()[2:] == [
        "tcp        0      0 0.0.0.0:8080            0.0.0.0:*               LISTEN      "
    ]


# -- arithmetic, disk, memory -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "result", "code"),
    [
        ("1 + 2", "3", 0),
        ("3 * 4", "12", 0),
        ("( 1 + 2 ) * 3", "9", 0),
        ("10 - 2 - 3", "5", 0),
        ("-7 / 2", "-3", 0),
        ("-7 % 2", "-1", 0),
        ("1 = 2", "0", 1),
        ("abc < abd", "1", 0),
        ("10 > 9", "1", 0),
        ("length hello", "5", 0),
        ("hello : h.*", "5", 0),
        (r"hello : h\(.*\)o", "ell", 0),
        ("substr hello 2 3", "ell", 0),
        ("index hello l", "3", 0),
        ("0 | x", "x", 0),
        ("1 & 0", "0", 1),
    ],
)
def test_expr(lab, box, words, result, code):
    assert lab.exec(box, "expr", *words.split()) == (f"{result}\n", "", code)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("7 / 0", "division by zero"),
        ("a + 1", "non-numeric argument"),
        ("1 +", "syntax error"),
        ("", "too few arguments"),
    ],
)
def test_expr_fails_with_two(lab, box, words, error):
    assert lab.exec(box, "expr", *words.split()) == ("", f"expr: {error}\n", 2)


def test_df_shows_where_a_file_is_and_what_it_takes(lab, box):
    before = lab.exec(box, "df", "/").out.splitlines()
    assert before[0] == "Filesystem           1K-blocks      Used Available Use% Mounted on"
    lab.exec(box, "sh", "-c", "head -c 40960 /dev/zero > /tmp/x")
    name, total, used, left, _, place = lab.exec(box, "df", "/tmp/x").out.splitlines()[1].split()
    assert (name, total, place) == ("overlay", "104857600", "/")
    assert int(used) == int(before[1].split()[2]) + 40 and int(used) + int(left) == int(total)
    assert (
        lab.exec(box, "df", "-h", "/etc/hosts")
        .out.splitlines()[1]
        .startswith("/dev/vda                100.0G")
    )
    assert lab.exec(box, "df", "/nope").err == "df: /nope: can't find mount point\n"


def test_free_adds_up(lab, box):
    lines = lab.exec(box, "free").out.splitlines()
    assert lines[0] == "              total        used        free      shared  buff/cache   available"
    _, total, used, left, *_ = lines[1].split()
    assert int(total) == 8 * 1024 * 1024 == int(used) + int(left)
    assert lab.exec(box, "free", "-h").out.splitlines()[1].split()[1] == "8.0G"
