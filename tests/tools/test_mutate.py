from __future__ import annotations

from tools.mutate import mutants

MANIFEST = """%%apply
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports:
  - port: {port}
    targetPort: 80
  - port: 9000
"""


def changed(*cells: str) -> dict[str, tuple[str, ...]]:
    return {mutant.what: mutant.cells for mutant in mutants(cells)}


def test_each_field_of_a_manifest_is_dropped_and_each_value_changed():
    made = changed(MANIFEST)
    assert set(made) == {
        f"Service web: {what}"
        for what in (
            "metadata dropped",
            "metadata.name dropped",
            "metadata.name: web → web-x",
            "spec dropped",
            "spec.selector dropped",
            "spec.selector.app dropped",
            "spec.selector.app: web → web-x",
            "spec.ports dropped",
            "spec.ports[0] dropped",
            "spec.ports[0].port dropped",
            "spec.ports[0].targetPort dropped",
            "spec.ports[0].targetPort: 80 → 81",
            "spec.ports[1] dropped",
            "spec.ports[1].port dropped",
            "spec.ports[1].port: 9000 → 9001",
        )
    }
    assert "targetPort: 81" in made["Service web: spec.ports[0].targetPort: 80 → 81"][0]
    assert "port: {port}\n" in made["Service web: spec.ports[1] dropped"][0]


def test_a_command_is_dropped_and_its_numbers_names_and_images_are_changed():
    command = "%kubectl create deployment web --image=nginx:1.29 --replicas=3 -- sleep 60"
    told = {what.removeprefix(f"{command}: "): cells[0] for what, cells in changed(command).items()}
    assert told["dropped"] == "pass"
    assert told["web → web-x"] == command.replace("web", "web-x")
    assert told["--image=nginx:1.29 → --image=nginx:no-such-tag"] == command.replace("1.29", "no-such-tag")
    assert told["--replicas=3 → --replicas=4"] == command.replace("=3", "=4")
    assert told["--replicas=3 dropped"] == command.replace(" --replicas=3", "")
    assert told["-- sleep 60 dropped"] == command.replace(" -- sleep 60", "")


def test_what_only_looks_or_waits_is_left_alone_and_so_is_python():
    assert changed("%kubectl get pods", "x = 1\n%kubectl rollout status deployment/web") == {}


def test_a_mutant_has_one_wrong_in_one_cell():
    made = changed("%kubectl label pod a x=1", "%kubectl delete pod b")
    assert made["%kubectl delete pod b: dropped"] == ("%kubectl label pod a x=1", "pass")
    assert made["%kubectl label pod a x=1: x=1 → x=2"] == (
        "%kubectl label pod a x=2",
        "%kubectl delete pod b",
    )
