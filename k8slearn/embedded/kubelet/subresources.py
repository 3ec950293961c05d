"""The subresources of pods that the API server asks a kubelet for: ``log``, ``exec``, ``attach``, ``portforward``;
and of nodes: ``proxy``.

A node that is lost answers nothing; then the error is that of the connection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from k8slearn.embedded.apiserver.apiserver import APIServer
from k8slearn.embedded.apiserver.http import Answer, Request, Response
from k8slearn.embedded.apiserver.routes import Target
from k8slearn.embedded.apiserver.status import ApiError
from k8slearn.embedded.client import Key, Object
from k8slearn.embedded.kubelet import attach, exec, logs, portforward
from k8slearn.embedded.kubelet.kubelet import Kubelet
from k8slearn.embedded.kubelet.pod_worker import PodWorker

_ANSWERS: dict[str, Callable[[PodWorker | None, Object, Request], Answer]] = {
    "log": logs.logs,
    "exec": exec.exec,
    "attach": attach.attach,
    "portforward": portforward.portforward,
}


def connect(apiserver: APIServer, kubelets: Mapping[str, Kubelet]) -> None:
    """Let the kubelets, by the names of their nodes, answer for their pods."""
    for subresource, answer in _ANSWERS.items():

        def handler(
            request: Request,
            target: Target,
            answer: Callable[..., Answer] = answer,
            subresource: str = subresource,
        ) -> Answer:
            pod = apiserver.registry.get("pods", target.key_namespace, target.name).object
            kubelet = kubelets.get(pod["spec"].get("nodeName", ""))
            key = Key(pod["metadata"]["namespace"], pod["metadata"]["name"])
            if kubelet is not None and not kubelet.reachable:
                raise _unreachable(kubelet, subresource, pod, request)
            return answer(kubelet.worker(key) if kubelet else None, pod, request)

        apiserver.connect("pods", subresource, handler)

    def of_node(request: Request, target: Target) -> Answer:
        """``/api/v1/nodes/NAME[:PORT]/proxy/…``: of the kubelet's own pages, healthz and pods."""
        name = target.name.partition(":")[0]
        apiserver.registry.get("nodes", "", name)
        kubelet = kubelets.get(name)
        if kubelet is None or not kubelet.reachable:
            address = f"{kubelet.host.ip}:10250" if kubelet else name
            why = f"error trying to reach service: dial tcp {address}: connect: no route to host"
            raise ApiError(503, "ServiceUnavailable", why)
        if target.rest == "healthz":
            return Response(200, b"ok", logs.TEXT)
        if target.rest == "pods":
            pods = [worker.pod for worker in kubelet.workers.values()]
            listed = {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": pods}
            return Response(200, orjson.dumps(listed))
        return Response(404, b"404 page not found\n", logs.TEXT)

    apiserver.connect("nodes", "proxy", of_node)


def _unreachable(kubelet: Kubelet, subresource: str, pod: Object, request: Request) -> ApiError:
    address = f"{kubelet.host.ip}:10250"
    failure = f"dial tcp {address}: connect: no route to host"
    if subresource == "log":
        metadata = pod["metadata"]
        container = request.param("container") or pod["spec"]["containers"][0]["name"]
        url = f"https://{address}/containerLogs/{metadata['namespace']}/{metadata['name']}/{container}"
        return ApiError(500, "", f'Get "{url}": {failure}')
    return ApiError(500, "", f"error dialing backend: {failure}")
