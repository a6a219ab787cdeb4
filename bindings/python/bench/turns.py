"""Turns: a busy machine slows all contenders alike, so that ratios stand where figures do not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from statistics import median

Turn = dict[str, float]
"""What one turn measured, by the name of the figure."""

Figures = dict[str, dict[str, list[float]]]
"""By figure and contender, one for each round."""


def in_turn(rounds: int, turns: int, contenders: Mapping[str, Callable[[], Turn]]) -> Figures:
    """Each contender takes so many turns a round; their median is the round's figure."""
    measured = Measured()
    for number, name in _order(rounds, turns, contenders):
        measured.note(number, name, contenders[name]())
    return measured.figures()


async def in_turn_awaited(
    rounds: int, turns: int, contenders: Mapping[str, Callable[[], Awaitable[Turn]]]
) -> Figures:
    """`in_turn` on a loop."""
    measured = Measured()
    for number, name in _order(rounds, turns, contenders):
        measured.note(number, name, await contenders[name]())
    return measured.figures()


def _order(rounds: int, turns: int, names: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Round and contender, beginning with round 0, which is for warming up."""
    forth = list(names)
    yield from ((0, name) for name in forth)
    for number in range(1, rounds + 1):
        for turn in range(turns):
            # Nobody always comes first, or always after the same neighbour.
            yield from ((number, name) for name in (reversed(forth) if turn % 2 else forth))


class Measured:
    """What the turns gave so far."""

    def __init__(self) -> None:
        self._turns: defaultdict[tuple[str, str, int], list[float]] = defaultdict(list)

    def note(self, number: int, name: str, turn: Turn) -> None:
        """Keeps a turn of a contender, unless it was for warming up."""
        if number:
            for figure, value in turn.items():
                self._turns[figure, name, number].append(value)

    def figures(self) -> Figures:
        """The rounds' medians."""
        figures: Figures = {}
        for (figure, name, _), values in self._turns.items():
            figures.setdefault(figure, {}).setdefault(name, []).append(median(values))
        return figures
