"""``kubectl attach`` and ``kubectl run -i``: at the console of a container's own program.

Upstream: pkg/kubelet/server and containerd's ``Attach``. What was printed before is not shown again. The final
Status is Success whatever the exit code was: kubectl reads that from the pod.
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.apiserver.http import Answer, Request, Response, Session
from k8slearn.embedded.kubelet.exec import SessionClient, exit_status, finish, join, live_record
from k8slearn.embedded.kubelet.logs import TEXT, container_name
from k8slearn.embedded.kubelet.pod_worker import PodWorker

Object = dict[str, Any]


def attach(worker: PodWorker | None, pod: Object, request: Request) -> Answer:
    """Join ``?container=`` with ``stdin``, ``stdout``, ``stderr``: a Session, or a plain refusal. Raises ApiError."""
    record = live_record(worker, pod, request)
    if record is None or record.instance is None:
        name, metadata = container_name(pod, request.param("container")), pod["metadata"]
        where = f"{metadata['name']}_{metadata['namespace']}"
        return Response(500, f"container {name} not found in pod {where}".encode(), TEXT)
    console = record.instance.console
    if console.terminal is not None and request.flag("stderr"):
        refusal = b"rpc error: code = InvalidArgument desc = tty and stderr cannot both be true"
        return Response(500, refusal, TEXT)
    session = Session()
    attachment = console.attach(
        SessionClient(session, request),
        stdin=request.flag("stdin"),
        on_end=lambda: finish(session, exit_status(0)),
    )
    join(session, attachment.write_stdin, attachment.close_stdin, attachment.resize, attachment.detach)
    return session
