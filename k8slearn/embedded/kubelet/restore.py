"""What a kubelet finds when it starts on a node whose containers are gone: after a reboot, or when the
cluster was started again from its journal. The statuses that were written tell what ran.

A container that ran has ended with the reason Unknown and code 255; by the restart policy it starts again,
with ``restartCount`` one higher. Its sandbox is a new one, so init containers run again.
"""

from __future__ import annotations

from typing import Any

from k8slearn.embedded.clock import Clock, parse_timestamp
from k8slearn.embedded.kubelet.record import Record, Role
from k8slearn.embedded.runtime import find

UNKNOWN_CODE = 255


def restore(pod: dict[str, Any], records: dict[str, Record], clock: Clock) -> None:
    """Set ``records`` to what ``pod``'s status says, with every container dead."""
    status = pod["status"]
    over = status.get("phase") in ("Succeeded", "Failed")
    groups = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    for written in (written for group in groups for written in status.get(group, ())):
        record = records.get(written["name"])
        if record is None or not written.get("containerID"):
            continue
        record.restarts = written["restartCount"]
        record.last = written["lastState"].get("terminated")
        if record.role is Role.INIT and not over:
            record.restarts += 1
            continue
        state = written["state"]
        record.container_id = written["containerID"]
        record.image = find(written["image"])
        record.ended = state.get("terminated") or record.last
        if running := state.get("running"):
            record.ended = {
                "exitCode": UNKNOWN_CODE,
                "reason": "Unknown",
                "startedAt": running["startedAt"],
                "finishedAt": clock.timestamp(),
                "containerID": written["containerID"],
            }
        if record.ended is not None:
            record.ended_at = parse_timestamp(record.ended["finishedAt"])
            record.notice()
