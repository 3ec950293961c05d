"""What came of the requests that a check sends while something happens: what ``k8slearn/app … load`` reports."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOTAL = re.compile(r"^requests (\d+)  failed (\d+)", re.MULTILINE)
_LATENCY = re.compile(r"(p\d+|slowest) (\d+) ms")
_COUNT = re.compile(r"(?:^|, )(.+?) (\d+)(?=, |$)")


@dataclass
class Traffic:
    """Filled in once the traffic has ended.

    ``failures``: how many failed of each reason (``connection refused``); ``pods``: how many each pod answered;
    ``latency``: milliseconds until half of the answers were there (``p50``), 95 % (``p95``), 99 %, all (``slowest``).
    """

    requests: int = 0
    failed: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    pods: dict[str, int] = field(default_factory=dict)
    latency: dict[str, int] = field(default_factory=dict)

    @property
    def reasons(self) -> str:
        """In words, the most frequent first: ``connection refused (12), status 500 (3)``."""
        ordered = sorted(self.failures.items(), key=lambda one: -one[1])
        return ", ".join(f"{reason} ({count})" for reason, count in ordered)

    def read(self, report: str) -> None:
        """Take the numbers from the generator's last lines. Raises ValueError where there are none.

        >>> traffic = Traffic()
        >>> traffic.read("requests 600  failed 3 (0.50 %)\\n  failed with  connection refused 3")
        >>> traffic.requests, traffic.failed, traffic.failures
        (600, 3, {'connection refused': 3})
        """
        total = _TOTAL.search(report)
        if total is None:
            raise ValueError(f"this is no report of the load generator: {report!r}")
        self.requests, self.failed = int(total[1]), int(total[2])
        self.failures, self.pods = _counts(report, "failed with"), _counts(report, "answered by")
        last = report[total.start() :]
        self.latency = {name: int(value) for name, value in _LATENCY.findall(last)}


def _counts(report: str, title: str) -> dict[str, int]:
    line = re.search(rf"^  {title}  (.+)$", report, re.MULTILINE)
    return {name: int(count) for name, count in _COUNT.findall(line[1])} if line else {}
