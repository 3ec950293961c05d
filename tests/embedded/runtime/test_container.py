"""Containers from outside: starting, stopping, exec, logs, memory, determinism."""

from __future__ import annotations

import pytest

from k8slearn.embedded.runtime import StartError, canonical, catalogue, find
from k8slearn.embedded.runtime.files import Directory, RegularFile


def test_nothing_happens_inside_start(lab):
    container = lab.run(argv=["sh", "-c", "echo hi; exit 3"])
    assert container.running and not container.log.lines and not lab.ends
    lab.clock.settle()
    assert not container.running and container.exit_code == 3
    assert lab.ends == [("box", 3, "Error")]


def test_pid_1_without_a_handler_ignores_term_and_is_killed_after_the_grace_period(lab):
    container = lab.run(args=["sleep", "3600"])
    lab.clock.settle()
    began = lab.clock.now
    container.stop(30)
    lab.clock.settle()
    assert lab.ends == [("box", 137, "Error")]
    assert lab.clock.now - began == 30


def test_nobody_inside_can_kill_pid_1(lab):
    container = lab.run(args=["sleep", "3600"])
    lab.exec(container, "kill", "-9", "1")
    assert container.running
    container.kill()
    lab.clock.settle()
    assert container.exit_code == 137


def test_nginx_ends_gracefully_and_cancels_the_kill(lab):
    container = lab.run("nginx:1.29")
    lab.clock.settle()
    container.stop(30)
    began = lab.clock.now
    lab.clock.settle()
    assert (lab.ends, lab.clock.now) == ([("box", 0, "Completed")], began)


def test_an_idle_container_costs_no_events(lab):
    lab.run("nginx:1.29")
    lab.run("redis:7")
    lab.run("registry.k8s.io/e2e-test-images/agnhost:2.53", args=["netexec"])
    lab.clock.settle()
    assert lab.clock.next_event() is None


def test_a_missing_program_does_not_start(lab):
    with pytest.raises(StartError) as error:
        lab.run(argv=["slep", "1"])
    assert str(error.value) == (
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
        "runc create failed: unable to start container process: "
        'exec: "slep": executable file not found in $PATH'
    )


def test_exec_of_a_missing_program_gives_the_sentence_of_runc(lab):
    box = lab.run(args=["sleep", "9"])
    with pytest.raises(
        StartError, match=r'exec failed: unable to start container process: exec: "nosuch": exec'
    ):
        box.exec(["nosuch"])


def test_exec_gives_both_streams_and_the_exit_code(lab):
    box = lab.run(args=["sleep", "9"])
    assert lab.exec(box, "sh", "-c", "echo out; echo err >&2; exit 3") == ("out\n", "err\n", 3)


def test_exec_sees_the_containers_environment(lab):
    box = lab.run(args=["sleep", "99"], env={"COLOR": "red"})
    assert lab.exec(box, "sh", "-c", "echo $COLOR $HOSTNAME; pwd; id -u").out == "red box\n/\n0\n"


def test_exec_passes_standard_input_on(lab):
    box = lab.run(args=["sleep", "99"])
    assert lab.exec(box, "cat", stdin="line one\nline two\n").out == "line one\nline two\n"


def test_an_exec_dies_with_its_container(lab):
    box = lab.run(args=["sleep", "5"])
    assert lab.exec(box, "sleep", "99").code == 137


def test_the_log_has_lines_with_stream_and_time_and_can_be_followed(lab):
    container = lab.run(argv=["sh", "-c", "echo l1; sleep 1; echo oops >&2; printf partial"])
    seen, ended = [], []
    container.log.follow(seen.append, lambda: ended.append(True))
    start = lab.clock.now
    lab.clock.advance(2)
    assert [(line.time - start, line.stream, line.text) for line in container.log.lines] == [
        (0, "stdout", b"l1\n"),
        (1, "stderr", b"oops\n"),
        (1, "stdout", b"partial"),
    ]
    assert seen == list(container.log.lines) and ended == [True]


def test_memory_beyond_the_limit_kills_the_container(lab):
    lab.run(args=["tail", "/dev/zero"], memory=16 * 1024 * 1024)
    lab.clock.advance(10)
    assert lab.ends == [("box", 137, "OOMKilled")]


def test_a_cpu_limit_slows_a_busy_program_down(lab):
    def seconds(cpu: float | None) -> float:
        other = type(lab)()
        began = other.clock.now
        return float(other.sh("for i in $(seq 2000); do :; done; date +%s.%N", cpu=cpu).out) - began

    assert seconds(0.1) > 5 * seconds(None) > 0


def test_files_of_an_image_are_shared_until_they_are_written(lab):
    first, second = lab.run(args=["sleep", "99"]), lab.run(args=["sleep", "99"])
    lab.exec(first, "sh", "-c", "echo mine > /tmp/x; echo 'x:x:1:1::/:' >> /etc/passwd; rm /bin/wget")
    assert lab.exec(second, "ls", "/tmp").out == ""
    assert lab.exec(second, "wc", "-l", "/etc/passwd").out == "3 /etc/passwd\n"
    assert lab.exec(second, "ls", "/bin/wget").code == 0


def test_a_shared_directory_is_seen_by_both_containers(lab):
    data = Directory()
    lab.run(argv=["sh", "-c", "echo one > /data/list"], mounts={"/data": data})
    lab.clock.settle()
    assert lab.sh("cat /data/list", mounts={"/data": data}).out == "one\n"


def test_a_read_only_root_leaves_volumes_writable(lab):
    outcome = lab.sh(
        "echo x > /tmp/x; echo y > /data/y; cat /data/y", mounts={"/data": Directory()}, read_only=True
    )
    assert outcome.err == "sh: can't create /tmp/x: Read-only file system\n"
    assert outcome.out == "y\n"


def test_another_user_may_not_write_what_is_roots(lab):
    secret = RegularFile(b"s3cret", mode=0o400)
    outcome = lab.sh(
        "id -u; echo x > /etc/x; cat /key; echo x > /tmp/x && echo ok", user=1000, mounts={"/key": secret}
    )
    assert outcome.out == "1000\nok\n"
    assert outcome.err == (
        "sh: can't create /etc/x: Permission denied\ncat: can't open '/key': Permission denied\n"
    )


def test_python_code_is_refused_in_plain_words(lab):
    container = lab.run("python:3.13-slim", args=["python", "-c", "print(1)"])
    lab.clock.settle()
    assert container.exit_code == 1
    assert b"does not run Python programs" in container.log.lines[0].text


def test_redis_keeps_its_data_exactly_when_its_directory_is_a_volume(lab):
    volume = Directory()
    for expected in ("", "kept"):
        container = lab.run("redis:7", mounts={"/data": volume})
        assert lab.exec(container, "redis-cli", "get", "key").out == f"{expected}\n"
        lab.exec(container, "redis-cli", "set", "key", "kept")
        container.stop(30)
        lab.clock.settle()
    fresh = lab.run("redis:7")
    assert lab.exec(fresh, "redis-cli", "get", "key").out == "\n"


def test_names_of_images_are_read_as_docker_reads_them():
    assert canonical("nginx") == "docker.io/library/nginx:latest"
    assert canonical("k8slearn/app:1.0") == "docker.io/k8slearn/app:1.0"
    assert canonical("localhost:5000/a") == "localhost:5000/a:latest"
    assert find("docker.io/library/nginx:1.29") is find("nginx:1.29")
    assert find("nginx:1.92") is None
    assert all(find(image.reference) is image for image in catalogue())


def test_the_same_seed_gives_the_same_container(lab):
    script = "echo $RANDOM; mktemp; wget -q -O- http://nosuch/"

    def story() -> list[object]:
        other = type(lab)()
        container = other.run(argv=["sh", "-c", script])
        other.clock.settle()
        return [container.id, *container.log.lines]

    assert story() == story()
