"""A model server: loads weights, slowly, then classifies; and ``train``, which makes the weights.

Settings of the server besides those of ``service.py``:

==================  =====================================================================================
MODEL_PATH          the weights' file, on a volume say; without it the server trains for a moment itself
LOAD_SECONDS        how long loading takes (0): the port is open meanwhile, /readyz says 503
MODEL_BYTES         memory that the loaded model takes (0)
REQUEST_BYTES       memory that each request takes while it is answered (0): it grows with the load
LEAK_BYTES          memory that each request takes and never gives back (0)
WORK_SECONDS        CPU time of a prediction (0.005)
==================  =====================================================================================

``POST /predict`` with ``{"text": "the site is down"}`` answers ``{"urgent": true, "probability": 0.98, …}``.
"""

from __future__ import annotations

import functools
import json

from .classifier import Weights, decode, encode, learn, predict, train
from .examples import EXAMPLES
from .host import Host, Request, Response, as_json, text
from .service import Service
from .settings import number

ROUNDS = 60


async def model(host: Host, arguments: list[str]) -> int:
    server = _ModelServer(host)
    service = Service(host, server.answer)
    server.service = service
    host.spawn(server.load())
    return await service.run()


@functools.cache
def own_weights() -> Weights:
    """What a server without a file learns: the same for all of them, so a process learns it once."""
    return train(EXAMPLES, ROUNDS)


class _ModelServer:
    service: Service

    def __init__(self, host: Host) -> None:
        self.host = host
        self.weights: Weights = {}
        self.path = host.env.get("MODEL_PATH", "")
        self.load_seconds = number(host, "LOAD_SECONDS", 0)
        self.model_bytes = int(number(host, "MODEL_BYTES", 0))
        self.request_bytes = int(number(host, "REQUEST_BYTES", 0))
        self.leak_bytes = int(number(host, "LEAK_BYTES", 0))
        self.work = number(host, "WORK_SECONDS", 0.005)

    async def load(self) -> None:
        host = self.host
        host.log(f"loading the model from {self.path or 'the image'} ...")
        try:
            self.weights = decode(host.read(self.path)) if self.path else own_weights()
        except (OSError, ValueError) as error:
            host.log(f"fatal: {self.path}: {getattr(error, 'strerror', None) or error}")
            host.exit(1)
            return
        host.hold(self.model_bytes)
        await host.sleep(self.load_seconds)
        self.service.loaded = True
        host.log(f"model loaded: {len(self.weights['words'])} words")

    async def answer(self, request: Request) -> Response:
        if (request.method, request.path) != ("POST", "/predict"):
            return text("not found; POST /predict", 404)
        if not self.service.loaded:
            return text("the model is still loading", 503)
        message = _message(request.body)
        self.host.hold(self.request_bytes + self.leak_bytes)
        try:
            await self.host.compute(self.work)
        finally:
            self.host.hold(-self.request_bytes)
        probability = predict(self.weights, message)
        answer = {"urgent": probability > 0.5, "probability": round(probability, 3)}
        return as_json({**answer, "version": self.service.version, "pod": self.host.name})


def _message(body: bytes) -> str:
    try:
        message = json.loads(body)["text"]
    except (ValueError, KeyError, TypeError):
        message = None
    if not isinstance(message, str):
        raise ValueError('the body must be JSON such as {"text": "the site is down"}')
    return message


async def training(host: Host, arguments: list[str]) -> int:
    """``train OUT``: learn the weights and write them to a file. ROUNDS (60), ROUND_SECONDS (0) of CPU each.

    After each round a checkpoint is written to ``OUT.checkpoint``; a new start goes on from there.
    """
    if len(arguments) != 1:
        host.log("usage: train OUT")
        return 2
    rounds, seconds = int(number(host, "ROUNDS", ROUNDS)), number(host, "ROUND_SECONDS", 0)
    out, checkpoint = arguments[0], f"{arguments[0]}.checkpoint"
    done, weights = _checkpoint(host, checkpoint)
    if done:
        host.log(f"going on after round {done}")
    for number_of_round in range(done + 1, rounds + 1):
        await host.compute(seconds)
        weights = learn(weights, EXAMPLES)
        state = {"round": number_of_round, "weights": json.loads(encode(weights))}
        host.write(checkpoint, json.dumps(state, ensure_ascii=False).encode())
        if number_of_round % 10 == 0 or number_of_round == rounds:
            host.log(f"round {number_of_round} of {rounds}: {_accuracy(weights):.0%} right")
    host.write(out, encode(weights))
    host.log(f"weights written to {out}")
    return 0


def _checkpoint(host: Host, path: str) -> tuple[int, Weights]:
    """The last finished round and its weights; nothing learned yet when there is no checkpoint."""
    try:
        state = json.loads(host.read(path))
        return int(state["round"]), decode(json.dumps(state["weights"]).encode())
    except FileNotFoundError:
        return 0, {"bias": 0.0, "words": {}}


def _accuracy(weights: Weights) -> float:
    right = sum((predict(weights, sentence) > 0.5) == bool(label) for sentence, label in EXAMPLES)
    return right / len(EXAMPLES)
