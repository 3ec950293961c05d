"""A small, real classifier: logistic regression over words, without a library.

It tells whether a support message is urgent. ``train`` makes the weights from labelled sentences by gradient
descent, ``predict`` applies them. Weights are JSON: ``{"bias": -0.3, "words": {"down": 2.1, …}}``.

    >>> weights = train([("the site is down", 1), ("thank you", 0)], rounds=50)
    >>> predict(weights, "everything is down") > 0.5
    True
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

Weights = dict[str, Any]

LEARNING_RATE = 0.5

# A word, or a single Chinese character: enough of a tokeniser for both languages of the lessons.
_WORD = re.compile(r"[a-z']+|[\u4e00-\u9fff]")


def words(sentence: str) -> list[str]:
    return sorted(set(_WORD.findall(sentence.lower())))


def predict(weights: Weights, sentence: str) -> float:
    """The probability, 0 to 1, that the message is urgent."""
    known: dict[str, float] = weights["words"]
    score = weights["bias"] + sum(known.get(word, 0.0) for word in words(sentence))
    return 1 / (1 + math.exp(-score))


def learn(weights: Weights, examples: Sequence[tuple[str, int]]) -> Weights:
    """The weights after one round over all examples, in their order."""
    bias, known = weights["bias"], dict(weights["words"])
    for sentence, label in examples:
        step = LEARNING_RATE * (label - predict({"bias": bias, "words": known}, sentence))
        bias += step
        for word in words(sentence):
            known[word] = known.get(word, 0.0) + step
    return {"bias": bias, "words": known}


def train(examples: Sequence[tuple[str, int]], rounds: int) -> Weights:
    weights: Weights = {"bias": 0.0, "words": {}}
    for _ in range(rounds):
        weights = learn(weights, examples)
    return weights


def encode(weights: Weights) -> bytes:
    """As JSON, the same bytes for the same examples each time."""
    rounded = {word: round(weight, 6) for word, weight in sorted(weights["words"].items())}
    return json.dumps({"bias": round(weights["bias"], 6), "words": rounded}, ensure_ascii=False).encode()


def decode(data: bytes) -> Weights:
    """Raises ValueError for what are no weights."""
    try:
        found = json.loads(data)
        bias, known = float(found["bias"]), {str(k): float(v) for k, v in found["words"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"these are no weights of the classifier: {error}") from None
    return {"bias": bias, "words": known}
