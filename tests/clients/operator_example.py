"""An operator as people write them with kopf: for each Model it runs a Deployment, and says how it is."""

from __future__ import annotations

from typing import Any

import kopf
from kubernetes import client

GROUP = ("learn.example", "v1", "models")


@kopf.on.create(*GROUP)
@kopf.on.resume(*GROUP)
def create(spec: Any, name: str, namespace: str, **_: Any) -> dict[str, str]:
    labels = {"model": name}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": spec["replicas"],
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": "nginx:1.29"}]},
            },
        },
    }
    kopf.adopt(deployment)
    made: Any = client.AppsV1Api().create_namespaced_deployment(namespace, deployment)  # type: ignore[arg-type]
    return {"deployment": made.metadata.name}


@kopf.on.update(*GROUP, field="spec.replicas")
def scale(new: int, name: str, namespace: str, **_: Any) -> None:
    client.AppsV1Api().patch_namespaced_deployment_scale(name, namespace, {"spec": {"replicas": new}})


@kopf.on.delete(*GROUP)
def farewell(name: str, namespace: str, **_: Any) -> None:
    """The finalizer keeps the object until this is done."""
    note = client.V1ConfigMap(metadata=client.V1ObjectMeta(name=f"{name}-was-here"))
    client.CoreV1Api().create_namespaced_config_map(namespace, note)


@kopf.timer(*GROUP, interval=0.2)
def ready(name: str, namespace: str, patch: kopf.Patch, **_: Any) -> None:
    mine: Any = client.AppsV1Api().list_namespaced_deployment(
        namespace, field_selector=f"metadata.name={name}"
    )
    patch.status["ready"] = sum(one.status.ready_replicas or 0 for one in mine.items)
