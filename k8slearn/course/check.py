"""A check: what an exercise's judge does with a cluster, without a word of any human language.

A check is a list of steps. A step is a function that looks at what the cluster *does*; it returns, or it
says what is wrong by the key of a feedback text. Steps depend on the step before them unless they say
otherwise, and a step is skipped when one that it needs has not passed: whoever has no pod is not told as
well that it does not answer.

    serve = Check("serve")

    @serve.step(points=1)
    def runs(ctx):
        ctx.ready_pod("model")

    @serve.step(points=2)
    def answers(ctx):
        answer = ctx.run(f"wget -qO- -T 2 http://{ctx.ready_pod('model').status.pod_ip}/")
        if answer.code != 0:
            ctx.fail("refused", answer=answer.output)

Names and numbers that should differ from learner to learner, so that an answer cannot be copied, are drawn from
the learner's seed. Steps and scene find them in ``ctx.values``, the exercise's texts as ``{port}``:

    @serve.values
    def drawn(rng):
        return {"port": rng.choice((8000, 8080, 9000))}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from k8slearn.errors import ClusterError

if TYPE_CHECKING:
    from k8slearn.course.context import Context

Judge = Callable[["Context"], None]
Draw = Callable[[Random], dict[str, object]]


class Failed(Exception):
    """A step did not pass. ``key`` names the feedback, ``values`` fill the gaps in its text."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class Stuck(ClusterError):
    """A check's own pod did not get on within ``seconds``; ``told`` is what the cluster says of it."""

    def __init__(self, namespace: str, seconds: float, told: str) -> None:
        super().__init__(f"A check's pod in {namespace} did not get on within {seconds:g} seconds: {told}")
        self.values = {"namespace": namespace, "seconds": f"{seconds:g}", "told": told}


@dataclass(frozen=True)
class Step:
    """One step: its ``id`` (the function's name with dashes) and the ids of the steps that it ``needs``."""

    id: str
    points: int
    needs: tuple[str, ...]
    judge: Judge


@dataclass
class Check:
    """The judge of the exercise ``id``.

    ``scene``, if there is one, makes what the exercise starts from; ``draw`` its values per learner.
    """

    id: str
    steps: list[Step] = field(default_factory=list)
    scene: Judge | None = None
    draw: Draw | None = None

    def step(self, *, points: int, needs: tuple[str, ...] | None = None) -> Callable[[Judge], Judge]:
        """Register a step. ``needs`` is the step before by default, ``()`` for a step that stands alone."""

        def register(judge: Judge) -> Judge:
            before = tuple(step.id for step in self.steps[-1:])
            name = getattr(judge, "__name__", self.id).replace("_", "-")
            self.steps.append(Step(name, points, before if needs is None else needs, judge))
            return judge

        return register

    def begin(self, scene: Judge) -> Judge:
        """Register the function that sets the scene; run again, it sets it anew."""
        self.scene = scene
        return scene

    def values(self, draw: Draw) -> Draw:
        """Register the function that draws the exercise's values, by nothing but the chance it is given."""
        self.draw = draw
        return draw

    def drawn(self, seed: str) -> dict[str, object]:
        """The values of whoever has the seed; none for an exercise that is the same for all."""
        return self.draw(Random(seed)) if self.draw is not None else {}

    @property
    def points(self) -> int:
        return sum(step.points for step in self.steps)
