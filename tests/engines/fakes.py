"""The programs ``docker``, ``kind`` and ``kubectl`` as a test wants them: one script, under each of the names.

What they did stands in ``calls``, what there is in ``state.json``; what must go wrong in ``faults.json``: the
first words of a command with what it says on stderr, ``{"kind create": "ERROR: …"}``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import yaml

HERE = Path(sys.argv[0]).parent


def main() -> int:
    program, words = Path(sys.argv[0]).name, sys.argv[1:]
    with (HERE / "calls").open("a") as calls:
        calls.write(" ".join([program, *words]) + "\n")
    faults = json.loads((HERE / "faults.json").read_text())
    state = json.loads((HERE / "state.json").read_text())
    for command, says in faults.items():
        if " ".join([program, *words]).startswith(command):
            if command == "kind create" and not says:
                make(words, state)  # it is killed after it made the containers
                save(state)
                return 130
            print(says, file=sys.stderr)
            return 1
    answer = {"docker": docker, "kind": kind, "kubectl": lambda *_: ""}[program](words, state)
    save(state)
    print(answer)
    return 0


def save(state: dict) -> None:
    (HERE / "state.json").write_text(json.dumps(state))


def docker(words: list[str], state: dict) -> str:
    nodes = state["containers"]
    match words:
        case ["version", *_]:
            return "27.5.1"
        case ["info", *_]:
            return json.dumps({"MemTotal": 16 * 2**30, "CgroupVersion": "2"})
        case ["ps", *_]:
            return "\n".join(nodes)
        case ["inspect", *names]:
            return json.dumps([nodes[name] for name in names])
        case ["image", "inspect", *names]:
            return json.dumps([{"Config": {"Labels": {}}} for _ in names])
        case ["images", *_]:
            return "\n".join(f"{name} sha256:{name}" for name in state["images"])
        case ["pull", image]:
            state["images"].append(image)
        case ["tag", _, image]:
            state["images"].append(image)
        case ["build", *options]:
            state["images"].append(options[options.index("--tag") + 1])
        case ["save", *options]:
            Path(options[options.index("--output") + 1]).write_text("an archive")
        case ["rm", "--force", "--volumes", *names]:
            for name in names:
                del nodes[name]
        case ["stop" | "kill", *names]:
            for name in names:
                nodes[name]["State"]["Status"] = "exited"
        case ["start", name]:
            nodes[name]["State"]["Status"] = "running"
        case ["exec", *_]:
            return json.dumps({"images": []})
    return ""


def kind(words: list[str], state: dict) -> str:
    match words:
        case ["version"]:
            return f"kind {state['kind']} go1.26.8 linux/amd64"
        case ["create", "cluster", *_]:
            print(" • Preparing nodes 📦 📦  ...", file=sys.stderr)
            make(words, state)
        case ["export", "kubeconfig", "--name", name, "--kubeconfig", path]:
            cluster = {"server": "https://127.0.0.1:6443"}
            context = {"cluster": f"kind-{name}", "user": f"kind-{name}"}
            config = {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": f"kind-{name}", "cluster": cluster}],
                "contexts": [{"name": f"kind-{name}", "context": context}],
                "users": [{"name": f"kind-{name}", "user": {}}],
                "current-context": f"kind-{name}",
            }
            Path(path).write_text(yaml.safe_dump(config))
    return ""


def make(words: list[str], state: dict) -> None:
    option = dict(zip(words[2::2], words[3::2], strict=True))
    config = yaml.safe_load(Path(option["--config"]).read_text())
    workers = 0
    for node in config["nodes"]:
        role = node["role"]
        if role == "worker":
            workers += 1
            role += str(workers) if workers > 1 else ""
        ports = {
            f"{one['containerPort']}/tcp": [{"HostPort": str(one["hostPort"] or 40000)}]
            for one in node.get("extraPortMappings", ())
        }
        name = f"{option['--name']}-{role}"
        state["containers"][name] = {
            "Name": f"/{name}",
            "State": {"Status": "running"},
            "Mounts": [{"Destination": mount["containerPath"]} for mount in node["extraMounts"]],
            "HostConfig": {"PortBindings": ports},
        }


if __name__ == "__main__":
    sys.exit(main())
