"""What hostile notebooks try, and what comes of it: no point, nothing seen, nobody else harmed, nothing left behind.

All attackers are graded in one batch beside an honest learner. Each answers the first exercise of lesson 01-pods,
``serve`` (a pod ``model`` that answers requests), with a pod of another name and then tries to have it pass, or to
get at what is not its own. A cell says ESCAPED when something succeeds that must not, and TRIED at its end.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from k8slearn import paths
from k8slearn.grading import runner
from k8slearn.grading.learner import Limits
from k8slearn.grading.outcome import Outcome, Status
from k8slearn.grading.runner import Place
from k8slearn.grading.splice import Handed, Spliced, Step
from k8slearn.grading.task import Task

pytestmark = pytest.mark.usefixtures("sandbox")

LIMITS = Limits(seconds=60, output_bytes=200_000, memory_bytes=400_000_000)
EXERCISES = ("serve", "image", "finish", "together", "crash")
MARK = "the words of a neighbour's answer"
SLEEP = "86399.75"
"""How long daemons of the attackers sleep: by it they are found."""

SETUP = "import k8slearn\nlesson = k8slearn.start('pods')\ncore, ns = lesson.cluster.core, lesson.namespace"
POD = {"image": "nginx:1.29", "name": "server"}
RIGHT = (
    f"core.create_namespaced_pod(ns, {{'metadata': {{'name': 'model'}}, 'spec': {{'containers': [{POD}]}}}});"
)
WRONG = RIGHT.replace("'model'", "'modle'")
TRY = """
def attempt(action, *arguments):
    # what must not work: any exception is as it should be
    try:
        print("ESCAPED", action, arguments, repr(action(*arguments))[:200])
    except Exception as error:
        return error
"""

ATTACKS = {
    # -- on the marks
    "patched-classes": """
import builtins, kubernetes.client as c, k8slearn.course.exercise as e, k8slearn.course.context as x
from types import SimpleNamespace as N
e.Exercise.judge = lambda *a: None
e.Result.passed = property(lambda s: True)
e.Result.points = property(lambda s: 99)
x.Context.fail = lambda *a, **k: None
c.CoreV1Api.list_namespaced_pod = lambda *a, **k: N(items=[N(metadata=N(name='model'))])
c.ApiClient.call_api = lambda *a, **k: None
lesson.check = type(lesson).check = lambda *a: None
""",
    "always-equal": """
import json
class Equal(str):
    __hash__ = str.__hash__
    def __eq__(self, other): return True
json.dumps = lambda *a, **k: Equal('{"done": true}')
""",
    "transformed-cells": "get_ipython().input_transformers_post.append(lambda lines: ['pass\\n'])",
    "printed-result": "print('✓ Serve a model: 3 of 3 points')",
    "forged-messages": """
import os, json
for message in (
    {"passed": "serve"}, {"answer": None}, {"go": "serve"},
    {"outcome": {"status": "graded", "marks": [{"exercise": "serve", "points": 99}]}},
    {"ask": "check", "of": "serve", "points": 99}, {"ask": "check", "of": ["serve"]}, {"ask": {}},
    {"ask": "judge", "of": "serve"}, {"ask": "begin", "of": "../serve"}, {"ask": "wait", "of": 1e300},
    {"ask": "wait", "of": "NaN"}, {"error": "check-serve", "name": {}, "text": 5},
):
    os.write(3, json.dumps(message).encode() + b"\\n")
""",
    "last-words": """
import atexit, json, os, sys
class Grave:
    def __del__(self): os.write(3, json.dumps({"passed": "serve", "points": 3}).encode() + b"\\n")
grave = Grave()
atexit.register(grave.__del__)
sys.excepthook = lambda *a: grave.__del__()
get_ipython().events.register("post_run_cell", lambda *a: grave.__del__())
""",
    # -- on what is not its own
    "files": """
import os
names = ("checks.py", "answers.md", "exercises.en.yaml", "outcomes.jsonl", "grades.csv", "neighbour.ipynb")
for folder, below, files in os.walk("/"):
    below[:] = [one for one in below if one not in ("proc", "site-packages", "share")]
    for name in files:
        if name in names or folder.endswith(("/lessons", "/submissions")):
            print("ESCAPED", folder, name)
for path in OF_THE_GRADER:
    attempt(os.listdir, path)
for path in ("/etc/shadow", "/root/.ssh", "/var/log", "/sys", "/boot", "/dev/mem", "/dev/sda", "/proc/1/root/etc"):
    attempt(os.stat, path + "/.") if path.startswith("/proc") else attempt(os.stat, path)
for path in ("/usr/bin/k", "/usr/lib/k", os.__file__, __import__("k8slearn").__file__, "/proc/sys/kernel/hostname"):
    attempt(open, path, "a")
""",
    "environment": """
import os, glob
for process in glob.glob("/proc/[0-9]*"):
    for name in ("environ", "cmdline"):
        try:
            content = open(f"{process}/{name}", "rb").read()
        except OSError:
            continue
        if b"instructor" in content or b"submissions" in content or b"--out" in content:
            print("ESCAPED", process, name, content[:300])
print(sorted(os.listdir("/proc/self/fd")))
""",
    "memory-of-the-grader": """
import re
import gc
wanted = " ".join(["the", "words", "of", "a", "neighbour's"])
if any(isinstance(one, (str, bytes)) and (wanted if isinstance(one, str) else wanted.encode()) in one
       for one in gc.get_objects() if one is not wanted):
    print("ESCAPED by gc")
whole = (wanted + " answer").encode()
with open("/proc/self/mem", "rb", 0) as memory:
    for line in open("/proc/self/maps"):
        start, end, rights = re.match("([0-9a-f]+)-([0-9a-f]+) (....)", line).groups()
        if rights.startswith("rw"):
            try:
                memory.seek(int(start, 16))
                content = memory.read(int(end, 16) - int(start, 16))
            except (OSError, ValueError, OverflowError):
                continue
            at = content.find(whole)
            if at >= 0 and b"ESCAPED" not in content[at - 40 : at + 40] and content.count(whole) > 1:
                print("ESCAPED by memory", content[at - 100 : at + 100])
""",
    "processes": """
import os, signal, ctypes
for pid in (1, os.getppid()):
    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGCHLD):
        try:
            os.kill(pid, number)
        except PermissionError:
            pass
    for name in ("mem", "environ", "maps"):
        attempt(lambda: open(f"/proc/{pid}/{name}", "rb").read(1))
    attempt(os.listdir, f"/proc/{pid}/fd")
    attempt(os.readlink, f"/proc/{pid}/cwd")
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, 1, 0, 0) == 0:
    print("ESCAPED by ptrace")
print(len([one for one in os.listdir("/proc") if one.isdecimal()]), "processes")
if any(int(one) > 1000 for one in os.listdir("/proc") if one.isdecimal()):
    print("ESCAPED: processes of others")
""",
    "kernel": """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for flags in (0x10000000, 0x00020000, 0x40000000, 0x20000000):
    if libc.unshare(flags) == 0:
        print("ESCAPED by unshare", hex(flags))
for call, arguments in (
    ("mount", (b"none", b"/tmp", b"tmpfs", 0, b"")), ("umount2", (b"/proc", 2)), ("chroot", (b"/tmp",)),
    ("memfd_create", (b"x", 0)), ("setuid", (0,)), ("setgid", (0,)), ("shmget", (0, 1 << 30, 0o1600)),
):
    if getattr(libc, call)(*arguments) >= 0:
        print("ESCAPED by", call)
status = open("/proc/self/status").read()
if "CapEff:\\t0000000000000000" not in status or "CapBnd:\\t0000000000000000" not in status:
    print("ESCAPED with capabilities")
if os.getuid() == 0 or os.geteuid() == 0:
    print("ESCAPED as root")
""",
    "network": """
import socket, urllib.request
for port in (PORT_OF_THE_HOST, 22, 80):
    attempt(socket.create_connection, ("127.0.0.1", port), 1)
for address in (("1.1.1.1", 53), ("169.254.169.254", 80), ("8.8.8.8", 53)):
    attempt(socket.create_connection, address, 1)
for name in ("\\0" + UNIX_OF_THE_HOST, "/var/run/docker.sock", "/run/systemd/private"):
    attempt(socket.socket(socket.AF_UNIX).connect, name)
attempt(socket.getaddrinfo, "example.org", 80)
attempt(socket.socket, socket.AF_INET, socket.SOCK_RAW, 1)
""",
    # -- on the cluster
    "rights": """
import json, os, ssl, urllib.error, urllib.request, yaml
token = yaml.safe_load(open(os.environ["KUBECONFIG"]))["users"][0]["user"]["token"]
settings = lesson.cluster.api_client.configuration
trust = ssl.create_default_context(cafile=settings.ssl_ca_cert)
def ask(method, path, body=None, **headers):
    # the status of the answer
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind, **headers}
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(settings.host + path, json.dumps(body).encode(), headers, method=method)
    try:
        return urllib.request.urlopen(request, context=trust).status
    except urllib.error.HTTPError as error:
        return error.code
rbac = "/apis/rbac.authorization.k8s.io/v1"
me = {"kind": "ServiceAccount", "name": "learner", "namespace": "k8slearn"}
def role(name, kind="ClusterRole"):
    return {"metadata": {"name": "mine"}, "subjects": [me],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}}
everything = {"metadata": {"name": "mine"}, "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]}
forbidden = [
    ("POST", rbac + "/clusterrolebindings", role("cluster-admin")),
    ("POST", rbac + "/clusterroles", everything),
    ("POST", f"{rbac}/namespaces/{ns}/rolebindings", role("cluster-admin")),
    ("POST", f"{rbac}/namespaces/{ns}/roles", everything),
    ("POST", f"{rbac}/namespaces/kube-system/rolebindings", role("admin")),
    ("PUT", f"{rbac}/clusterroles/k8slearn:learner", {**everything, "metadata": {"name": "k8slearn:learner"}}),
    ("GET", "/api/v1/secrets", None),
    ("GET", "/api/v1/namespaces/kube-system/secrets", None),
    ("GET", "/api/v1/namespaces/kube-system/pods", None),
    ("GET", "/api/v1/namespaces/k8slearn/serviceaccounts/learner", None),
    ("POST", "/api/v1/namespaces/kube-system/serviceaccounts/namespace-controller/token", {"spec": {}}),
    ("POST", "/api/v1/namespaces/k8slearn/serviceaccounts/learner/token", {"spec": {}}),
    ("POST", "/api/v1/namespaces/kube-system/pods/etcd-control-plane/exec?command=sh", None),
    ("GET", "/api/v1/nodes/worker-1/proxy/pods", None),
    ("PATCH", "/api/v1/nodes/worker-1", {"spec": {"unschedulable": True}}),
    ("DELETE", "/api/v1/nodes/worker-1", None),
    ("PUT", "/api/v1/nodes/worker-1/status", {"metadata": {"name": "worker-1"}}),
    ("DELETE", f"/api/v1/namespaces/{ns}", None),
    ("PATCH", f"/api/v1/namespaces/{ns}", {"metadata": {"labels": {"mine": "yes"}, "finalizers": ["a.b/c"]}}),
    ("PUT", f"/api/v1/namespaces/{ns}/finalize", {"metadata": {"name": ns}, "spec": {"finalizers": []}}),
    ("POST", "/api/v1/namespaces", {"metadata": {"name": "mine"}}),
    ("POST", "/api/v1/persistentvolumes", {"metadata": {"name": "mine"}}),
    ("POST", f"/api/v1/namespaces/{ns}/resourcequotas", {"metadata": {"name": "mine"}, "spec": {}}),
    ("POST", f"/api/v1/namespaces/{ns}/limitranges", {"metadata": {"name": "mine"}, "spec": {"limits": []}}),
    ("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {"metadata": {"name": "a.b"}}),
    ("GET", "/k8slearn/v1/clock", None),
    ("POST", "/k8slearn/v1/clock", {"do": "pause"}),
    ("GET", "/k8slearn/v1/trace", None),
    ("POST", "/k8slearn/v1/nodes/worker-1", {"do": "crash"}),
]
for one in forbidden:
    status = ask(*one)
    if status not in (401, 403, 404, 405):
        print("ESCAPED", one, status)
for who in ("system:admin", "kubernetes-admin", "system:kube-controller-manager"):
    status = ask("GET", "/api/v1/secrets", Impersonate_User=who, Impersonate_Group="system:masters")
    if status not in (401, 403):
        print("ESCAPED as", who, status)
if ask("GET", "/api/v1/nodes") != 200 or ask("GET", f"/api/v1/namespaces/{ns}/secrets") != 200:
    print("ESCAPED: a lesson could not work")
""",
    "finalizers": """
for number in range(3):
    core.create_namespaced_config_map(ns, {"metadata": {"name": f"stays-{number}", "finalizers": ["no.one/removes"]}})
core.create_namespaced_pod(ns, {"metadata": {"name": "stays", "finalizers": ["no.one/removes"]},
                                "spec": {"containers": [{"name": "a", "image": "nginx:1.29"}]}})
core.delete_namespaced_pod("stays", ns)
""",
    # -- on the machine
    "fork-bomb": """
import os, time
born = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(600)
        born += 1
except OSError:
    pass
if born > 300:
    print("ESCAPED", born)
""",
    "memory-bomb": """
import os, time
for _ in range(6):
    if os.fork() == 0:
        held = bytearray(os.urandom(1)) * 150_000_000
        time.sleep(600)
time.sleep(30)
print("ESCAPED")
""",
    "disk-bomb": """
import os
written = 0
for folder in ("/tmp", "/dev/shm", os.path.expanduser("~"), "/", "/usr", "/var/tmp", "/run"):
    try:
        for number in range(30):
            with open(f"{folder}/bomb-{number}", "wb") as file:
                written += file.write(bytes(20_000_000))
    except OSError:
        pass
    try:
        for number in range(100_000):
            open(f"{folder}/file-{number}", "wb").close()
        print("ESCAPED by files")
    except OSError:
        pass
if written > 200_000_000:
    print("ESCAPED", written)
""",
    "daemon": """
import os, subprocess
def start():
    os.setsid()
    if os.fork():
        os._exit(0)
subprocess.run(["sh", "-c", "setsid nohup sleep SLEEP >/dev/null 2>&1 &"], preexec_fn=start)
subprocess.Popen(["sleep", "SLEEP"], start_new_session=True)
""",
    "endless-output": "while True: print('x' * 10_000)",
}
DIES = {
    "fork-bomb": {Status.GRADED, Status.CRASHED, Status.TIMEOUT},
    "memory-bomb": {Status.CRASHED},
    "endless-output": {Status.OUTPUT_LIMIT},
    "forged-messages": {Status.GRADED, Status.CRASHED},
    "last-words": {Status.GRADED, Status.CRASHED},
    "always-equal": {Status.GRADED, Status.CRASHED},
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outcome]]:
    folder = tmp_path_factory.mktemp("grader")
    submissions, out = folder / "submissions", folder / "out"
    for place in (submissions, out):
        place.mkdir()
        (place / "neighbour.ipynb").write_text(MARK)
    host = socket.create_server(("127.0.0.1", 0))
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(f"\0k8slearn-test-{os.getpid()}")
    unix.listen()
    private = [str(one) for one in (submissions, out, paths.lessons(), paths.lessons().parent / "tests")]
    known = (
        f"OF_THE_GRADER = {private!r}\n"
        f"PORT_OF_THE_HOST = {host.getsockname()[1]}\nUNIX_OF_THE_HOST = 'k8slearn-test-{os.getpid()}'\n"
    )
    tasks = [
        task(name, known + WRONG + TRY + source.replace("SLEEP", SLEEP) + "\nprint('TRIED')", folder)
        for name, source in ATTACKS.items()
    ]
    tasks.insert(0, task("neighbour", f"# {MARK}\n{RIGHT}", folder))
    tasks.append(task("skipped-scene", SKIPPED_SCENE, folder, "image"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET_TOKEN", "of the instructor")
        yield {one.name: one for one in runner.run(tasks, 2, Place([submissions, out, paths.lessons()]))}
    host.close()
    unix.close()


SKIPPED_SCENE = f"""
lesson.begin = lambda *a: None
{RIGHT.replace("'model'", "'embedder'")}
lesson.wait(10)
"""
"""Exercise ``image`` begins with a pod that cannot start. Who keeps it from being made has a healthy one."""


def task(name: str, source: str, folder: Path, exercise: str = "serve") -> Task:
    steps = [
        Step("setup", SETUP),
        Step(f"answer-{exercise}", source),
        Step(f"check-{exercise}", "", exercise),
    ]
    handed = {one: Handed.ANSWERED if one == exercise else Handed.MISSING for one in EXERCISES}
    where = str(folder / "scratch" / name)
    return Task(name, name, "01-pods", "en", "0", "", name, where, Spliced(tuple(steps), handed), LIMITS)


def test_the_honest_neighbour_has_the_points_whatever_the_others_do(outcomes):
    assert outcomes["neighbour"].status is Status.GRADED and outcomes["neighbour"].points == 3


@pytest.mark.parametrize("name", [*ATTACKS, "skipped-scene"])
def test_an_attack_gains_nothing(outcomes, name):
    assert outcomes[name].points == 0
    assert outcomes[name].status in DIES.get(name, {Status.GRADED}), outcomes[name].detail


@pytest.mark.parametrize("name", [name for name in ATTACKS if name not in ("endless-output",)])
def test_an_attack_gets_at_nothing(outcomes, name):
    assert "ESCAPED" not in outcomes[name].output
    if name not in DIES:
        assert "TRIED" in outcomes[name].output, json.dumps(outcomes[name].to_json(), indent=1)


def test_no_daemon_is_left(outcomes):
    assert outcomes["daemon"].status is Status.GRADED
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                assert SLEEP.encode() not in (process / "cmdline").read_bytes()
            except OSError:  # it has ended meanwhile
                continue
