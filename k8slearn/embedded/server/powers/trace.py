"""``GET /k8slearn/v1/trace`` lists who did what, ``?of=deployments.apps default/web`` only what concerns one
object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from k8slearn.embedded.kubelet.faults import TEACHER

if TYPE_CHECKING:
    from k8slearn.embedded.client import Trace


def concerning(trace: Trace, of: str) -> list[dict[str, Any]]:
    """The entries on the object ``of`` and on all that was made for it, oldest first; of everything when "".

    A Deployment's trace goes on with its ReplicaSets, their pods and what kubelets did to these. What a
    teacher did to the nodes concerns everyone.
    """
    concerned, found = {of}, []
    for entry in trace:
        obj = f"{entry.resource} {entry.key}"
        if not of or obj in concerned or entry.reconciling in concerned:
            concerned.add(obj)
        elif entry.component != TEACHER:
            continue
        found.append({**entry._asdict(), "key": str(entry.key), "object": obj})
    return found
