"""Programs that listen and programs that ask: nginx, agnhost, httpd, python, wget, curl."""

from __future__ import annotations

import pytest

from k8slearn.embedded.runtime.files import tree


@pytest.fixture
def client(lab):
    return lab.run(args=["sleep", "9999"], name="client")


def serve(lab, config: str, **options):
    """An nginx with a configuration of its own; its address."""
    server = lab.run(
        "nginx:1.29", name="web", mounts={"/etc/nginx/conf.d": tree({"default.conf": config.encode()})}
    )
    lab.clock.settle()
    return server


def test_nginx_serves_its_page_and_logs_the_request(lab, client):
    web = lab.run("nginx:1.29", name="web")
    outcome = lab.exec(client, "wget", "-q", "-O-", f"http://{web.kernel.ip}/")
    assert "<h1>Welcome to nginx!</h1>" in outcome.out and outcome.code == 0
    line = web.log.lines[-1]
    assert line.stream == "stdout"
    assert line.text == (
        b'10.244.1.1 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 615 "-" "Wget" "-"\n'
    )


def test_wget_says_what_it_does_unless_it_is_quiet(lab, client):
    web = lab.run("nginx:1.29", name="web")
    outcome = lab.exec(client, "wget", "-O", "/tmp/idx", f"http://{web.kernel.ip}/")
    assert outcome.err == (
        "Connecting to 10.244.1.2 (10.244.1.2:80)\n"
        "saving to '/tmp/idx'\n"
        "idx                  100% |********************************|   615  0:00:00 ETA\n"
        "'/tmp/idx' saved\n"
    )


def test_a_missing_page_is_a_404_in_both_logs(lab, client):
    web = lab.run("nginx:1.29", name="web")
    outcome = lab.exec(client, "wget", "-q", "-O-", f"http://{web.kernel.ip}/nope")
    assert (outcome.err, outcome.code) == ("wget: server returned error: HTTP/1.1 404 Not Found\n", 1)
    error, access = list(web.log.lines)[-2:]
    assert b'open() "/usr/share/nginx/html/nope" failed (2: No such file or directory)' in error.text
    assert error.stream == "stderr" and b" 404 153 " in access.text


def test_connections_fail_as_they_do_in_a_cluster(lab, client):
    web = lab.run("nginx:1.29", name="web")
    ip = web.kernel.ip

    def wget(url: str, *options: str, seconds: float = 200):
        outcome = lab.exec(client, "wget", "-q", "-O-", *options, url, seconds=seconds)
        return outcome.err, outcome.code

    assert wget(f"http://{ip}:81/") == (f"wget: can't connect to remote host ({ip}): Connection refused\n", 1)
    assert wget("http://nosuch/") == ("wget: bad address 'nosuch'\n", 1)
    assert wget("http://10.9.9.9/", "-T", "1", seconds=1.5) == ("wget: download timed out\n", 1)
    assert wget("http://10.9.9.9/") == (
        "wget: can't connect to remote host (10.9.9.9): Connection timed out\n",
        1,
    )


def test_a_port_closes_with_its_process(lab, client):
    web = lab.run(
        argv=["sh", "-c", "httpd -f -p 8080 -h /etc & sleep 5; kill $!; wait; sleep 99"], name="web"
    )
    url = f"http://{web.kernel.ip}:8080/group"
    assert lab.exec(client, "wget", "-q", "-O-", url, seconds=1).out.startswith("root:x:0:")
    lab.clock.advance(6)
    assert "Connection refused" in lab.exec(client, "wget", "-q", "-O-", url, seconds=1).err


def test_two_programs_of_a_pod_cannot_have_the_same_port(lab):
    container = lab.run(argv=["sh", "-c", "httpd -f -p 80 & nginx -v 2>/dev/null; httpd -f -p 80"])
    lab.clock.advance(1)
    assert container.log.lines[-1].text == b"httpd: bind: Address already in use\n"


def test_nginx_follows_its_configuration(lab, client):
    backend = lab.run("registry.k8s.io/e2e-test-images/agnhost:2.53", args=["netexec"], name="backend")
    lab.clock.settle()
    config = f"""
    server {{
        listen 8080;
        location = /healthz {{ return 200 "ok\\n"; }}
        location /api/ {{ proxy_pass http://{backend.kernel.ip}:8080; }}
        location /hostname {{ proxy_pass http://{backend.kernel.ip}:8080/hostname; }}
        location /down {{ proxy_pass http://{backend.kernel.ip}:1; }}
        location / {{ root /usr/share/nginx/html; }}
    }}
    """
    base = f"http://{serve(lab, config).kernel.ip}:8080"
    assert lab.exec(client, "wget", "-q", "-O-", f"{base}/healthz").out == "ok\n"
    assert lab.exec(client, "wget", "-q", "-O-", f"{base}/hostname").out == "backend"
    assert "502 Bad Gateway" in lab.exec(client, "wget", "-q", "-O-", f"{base}/down").err
    assert "Welcome" in lab.exec(client, "wget", "-q", "-O-", f"{base}/").out


def test_a_directive_that_nginx_does_not_know_stops_it(lab):
    web = serve(lab, "server {\n  lissten 80;\n}\n")
    assert web.exit_code == 1
    assert web.log.lines[0].text == (
        b'nginx: [emerg] directive "lissten" is not known to the simulation '
        b"in /etc/nginx/conf.d/default.conf:2\n"
    )


def test_agnhost_answers_and_exits_when_asked(lab, client):
    echo = lab.run(
        "registry.k8s.io/e2e-test-images/agnhost:2.53", args=["netexec", "--http-port=80"], name="echo"
    )
    base = f"http://{echo.kernel.ip}"
    assert lab.exec(client, "wget", "-q", "-O-", f"{base}/hostname").out == "echo"
    assert lab.exec(client, "wget", "-q", "-O-", f"{base}/echo?msg=hi+there").out == "hi there"
    assert lab.exec(client, "wget", "-q", "-O-", f"{base}/exit?code=7").code == 0
    assert lab.ends == [("echo", 7, "Error")]


def test_python_serves_a_folder(lab, client):
    web = lab.run("python:3.13-slim", args=["python", "-m", "http.server", "8000"], name="web")
    assert "etc" in lab.exec(client, "wget", "-q", "-O-", f"http://{web.kernel.ip}:8000/").out


def test_curl_has_its_own_words_and_codes(lab):
    web = lab.run("nginx:1.29", name="web")
    assert "Welcome" in lab.exec(web, "curl", "-s", "http://localhost/").out
    assert lab.exec(web, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "localhost/x").out == "404"
    assert lab.exec(web, "curl", "http://nosuch/") == ("", "curl: (6) Could not resolve host: nosuch\n", 6)
    assert lab.exec(web, "curl", "-sf", "localhost/x").code == 22


def test_curl_tells_a_connection_that_does_not_come_from_an_answer_that_does_not(lab):
    web = lab.run("nginx:1.29", name="web")
    silent = ("", "curl: (28) Connection timed out after 1000 milliseconds\n", 28)
    assert lab.exec(web, "curl", "-m", "1", "http://10.9.9.9/", seconds=1) == silent
    mute = lab.run(argv=["nc", "-l", "-p", "80", "-e", "sleep", "99"], name="mute")
    words = "curl: (28) Operation timed out after 1000 milliseconds with 0 bytes received\n"
    assert lab.exec(web, "curl", "-m", "1", f"http://{mute.kernel.ip}/", seconds=1) == ("", words, 28)
