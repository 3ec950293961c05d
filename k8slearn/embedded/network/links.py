"""The links between nodes, which a teacher may cut: one node from all others, or two from each other."""

from __future__ import annotations


class Links:
    """What is "" or unknown as a node is somewhere outside, which only a node that is cut off does not reach."""

    def __init__(self) -> None:
        self._cut: set[str] = set()
        self._parted: set[frozenset[str]] = set()

    def cut(self, node: str) -> None:
        """Nothing gets to ``node`` or leaves it; inside it everything works."""
        self._cut.add(node)

    def part(self, one: str, other: str) -> None:
        """Nothing gets from one of the two nodes to the other; both reach everything else."""
        self._parted.add(frozenset((one, other)))

    def mend(self, node: str) -> None:
        """All links of ``node`` work again."""
        self._cut.discard(node)
        self._parted = {pair for pair in self._parted if node not in pair}

    def is_cut(self, node: str) -> bool:
        return node in self._cut

    def joined(self, one: str, other: str) -> bool:
        """Whether packets get from one node to the other."""
        if one == other:
            return True
        return not (one in self._cut or other in self._cut or frozenset((one, other)) in self._parted)

    def parted_from(self, node: str) -> list[str]:
        """The nodes that ``node`` is parted from."""
        return sorted(other for pair in self._parted if node in pair for other in pair - {node})
