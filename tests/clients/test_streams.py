"""What streams, with the unmodified kubectl and Python client: shells, files, forwarded ports, the proxy."""

from __future__ import annotations

import re
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from kubernetes import client, config
from kubernetes.stream import portforward, stream

from k8slearn.embedded.cluster import Cluster

PATIENCE = 30.0


def port_of(process: subprocess.Popen[str]) -> int:
    """The local port that kubectl says it has taken."""
    assert process.stdout is not None
    line = process.stdout.readline()
    match = re.search(r"127\.0\.0\.1:(\d+)", line)
    assert match, line + process.stdout.read()
    return int(match[1])


def fetch(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def eventually(condition) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


# -- shells -----------------------------------------------------------------------------------------


def test_a_shell_in_a_pod_of_its_own(kubectl):
    shell = kubectl.terminal("run", "-it", "--rm", "t", "--image=busybox:1.37", "--restart=Never", "--", "sh")
    shell.wait_for("/ # ")
    assert "echo hi\r\nhi\r\n" in shell.type("echo hi\r", "hi\r\n/ # ")
    assert "24 80" in shell.type("stty size\r", "80\r\n/ # ")
    shell.resize(40, 120)
    shell.wait_for("\r/ # \x1b[J")
    assert "40 120" in shell.type("stty size\r", "120\r\n/ # ")
    shell.type("sleep 1000\r", "\r\n")
    assert shell.type("\x03", "/ # ") == "^C\r\n/ # "
    assert "130" in shell.type("echo $?\r", "\r\n/ # ")
    shell.type("cat\r", "cat\r\n")
    assert shell.type("abc\r", "abc\r\nabc\r\n") == "abc\r\nabc\r\n"
    shell.type("\x04", "/ # ")
    last = shell.type("exit 3\r", "terminated (Error)")
    assert 'pod "t" deleted from default namespace\r\n' in last
    assert shell.wait() == 3


def test_end_of_input_leaves_a_shell_of_exec(kubectl):
    shell = kubectl.terminal("exec", "-it", "box", "--", "sh")
    shell.wait_for("/ # ")
    shell.type("cd /tmp\r", "/tmp # ")
    shell.type("\x04", "\r\n")
    assert shell.wait() == 0


def test_a_shell_that_kubectl_left_in_the_middle_is_gone(kubectl):
    shell = kubectl.terminal("exec", "-it", "box", "--", "sh")
    shell.wait_for("/ # ")
    shell.type("sleep 4321\r", "\r\n")
    eventually(lambda: "sleep 4321" in kubectl("exec", "box", "--", "ps"))
    shell.process.kill()
    eventually(lambda: " sh" not in kubectl("exec", "box", "--", "ps"))


def test_a_debug_container_in_a_terminal_sees_its_target(kubectl):
    shell = kubectl.terminal("debug", "-it", "pod/web", "--image=busybox:1.37", "--target=web", "--", "sh")
    shell.wait_for("/ # ")
    assert "1 root     nginx: master process" in shell.type("ps\r", "ps\r\n/ # ")
    shell.type("exit\r", "exit\r\n")
    assert shell.wait() == 0


def test_what_is_piped_in_goes_through_the_program(kubectl):
    text = "".join(f"line {number}\n" for number in range(5000))
    assert kubectl("exec", "-i", "box", "--", "cat", stdin=text) == text
    run = ("run", "-i", "--rm", "p", "--image=busybox:1.37", "--restart=Never", "-q", "--", "cat")
    assert "hi\n" in kubectl(*run, stdin="hi\n")


# -- files ------------------------------------------------------------------------------------------


def test_directories_are_copied_both_ways(kubectl, tmp_path: Path):
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "a").write_text("a\n")
    (source / "sub" / "big").write_bytes(bytes(range(256)) * 4096)
    kubectl("cp", str(source), "box:/tmp/there")
    kubectl("cp", "box:/tmp/there", str(tmp_path / "back"))
    assert (tmp_path / "back" / "a").read_text() == "a\n"
    assert (tmp_path / "back" / "sub" / "big").read_bytes() == (source / "sub" / "big").read_bytes()


# -- forwarded ports --------------------------------------------------------------------------------


@pytest.mark.parametrize("what", [("pod/web", ":80"), ("service/web", ":8080")])
def test_a_forwarded_port_answers_again_and_again(kubectl, what: tuple[str, str]):
    port = port_of(kubectl.start("port-forward", *what))
    for _ in range(5):
        status, page = fetch(f"http://127.0.0.1:{port}/")
        assert status == 200 and "Welcome to nginx!" in page
    assert fetch(f"http://127.0.0.1:{port}/nosuch")[0] == 404


def test_a_port_where_nobody_listens_ends_the_forwarding(kubectl):
    forward = kubectl.start("port-forward", "pod/web", ":81")
    port = port_of(forward)
    with pytest.raises(OSError):
        fetch(f"http://127.0.0.1:{port}/")
    output, _ = forward.communicate(timeout=PATIENCE)
    assert "error forwarding port 81 to pod" in output and "connect: connection refused" in output
    assert output.endswith("error: lost connection to pod\n") and forward.returncode == 1


def test_the_python_client_forwards_ports(served: Cluster):
    core = client.CoreV1Api(config.new_client_from_config(str(served.kubeconfig)))
    forward = portforward(core.connect_get_namespaced_pod_portforward, "web", "default", ports="80,81")
    socket = forward.socket(80)
    socket.settimeout(PATIENCE)
    socket.sendall(b"GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
    page = b""
    while data := socket.recv(4096):
        page += data
    assert page.startswith(b"HTTP/1.1 200 OK\r\n") and b"Welcome to nginx!" in page
    assert forward.error(80) is None
    assert "connection refused" in forward.error(81)


def test_the_python_client_runs_programs(served: Cluster):
    core = client.CoreV1Api(config.new_client_from_config(str(served.kubeconfig)))
    session = stream(
        core.connect_get_namespaced_pod_exec,
        "box",
        "default",
        command=["sh", "-c", "read x; echo got $x; exit 3"],
        stdin=True,
        stdout=True,
        stderr=True,
        _preload_content=False,
    )
    session.write_stdin("it\n")
    session.run_forever(timeout=PATIENCE)
    assert session.read_stdout() == "got it\n"
    assert session.returncode == 3


# -- the proxy --------------------------------------------------------------------------------------


def test_kubectl_proxy_leads_to_pods_and_services(kubectl):
    port = port_of(kubectl.start("proxy", "--port=0"))
    base = f"http://127.0.0.1:{port}/api/v1/namespaces/default"
    for place in ("pods/web/proxy", "pods/web:80/proxy/index.html", "services/web:8080/proxy/"):
        status, page = fetch(f"{base}/{place}")
        assert status == 200 and "Welcome to nginx!" in page
    assert fetch(f"{base}/pods/web/proxy/nosuch")[0] == 404
    status, answer = fetch(f"{base}/pods/web:81/proxy/")
    assert status == 503 and "connect: connection refused" in answer


# -- robustness -------------------------------------------------------------------------------------


def test_a_client_that_does_not_read_blocks_nobody(kubectl):
    flood = kubectl.start("exec", "box", "--", "cat", "/dev/zero")
    time.sleep(0.5)  # its pipe fills up, then kubectl's buffers, then the server's
    began = time.monotonic()
    assert kubectl("exec", "box", "--", "echo", "still here") == "still here\n"
    assert time.monotonic() - began < 10
    flood.kill()
