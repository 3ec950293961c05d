"""A worker: its share of a batch of messages, classified one after the other.

In an indexed Job of four pods, pod 1 (``JOB_COMPLETION_INDEX=1``, ``WORKERS=4``) takes messages 1, 5, 9 …

Settings: WORKERS (1), JOB_COMPLETION_INDEX (0), ITEMS (how many messages the batch has, 32), ITEM_SECONDS (CPU time
of each, 0), MODEL_PATH (weights; without it they are learned first), OUT (a folder for the results; none: only
the log), FAIL_AT (the number of the message that makes it fail, none).
"""

from __future__ import annotations

import json

from .classifier import decode, predict, train
from .examples import EXAMPLES
from .host import Host
from .model import ROUNDS
from .settings import WrongSetting, number


async def worker(host: Host, arguments: list[str]) -> int:
    workers, mine = int(number(host, "WORKERS", 1)), int(number(host, "JOB_COMPLETION_INDEX", 0))
    if workers < 1:
        raise WrongSetting("WORKERS is 0; it takes a number, 1 or more")
    items, seconds = int(number(host, "ITEMS", len(EXAMPLES))), number(host, "ITEM_SECONDS", 0)
    fail_at = host.env.get("FAIL_AT", "")
    path, out = host.env.get("MODEL_PATH", ""), host.env.get("OUT", "")
    weights = decode(host.read(path)) if path else train(EXAMPLES, ROUNDS)
    urgent = []
    for item in range(mine, items, workers):
        await host.compute(seconds)
        if fail_at == str(item):
            host.log(f"message {item}: cannot be read")
            return 1
        if predict(weights, EXAMPLES[item % len(EXAMPLES)][0]) > 0.5:
            urgent.append(item)
    done = len(range(mine, items, workers))
    host.log(f"worker {mine} of {workers}: {done} messages, {len(urgent)} urgent")
    if out:
        host.write(f"{out.rstrip('/')}/part-{mine}.json", json.dumps(urgent).encode())
    return 0
