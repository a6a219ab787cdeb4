"""The table: what was measured beside what is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from measures import OURS, Limit, Measure
from turns import Figures

HEADER = ("measure", "ours", "peer", "", "ratio", "(min to max)", "wanted", "")


@dataclass(frozen=True)
class Row:
    """One limit of one measure."""

    title: str
    limit: Limit
    ours: float
    theirs: float | None
    values: list[float]
    """What is held to the limit, by round: the ratio to the peer, or our own figure."""

    @property
    def value(self) -> float:
        """The rounds' median."""
        return median(self.values)

    @property
    def is_met(self) -> bool:
        """Whether it is what is wanted."""
        return self.limit.is_met(self.value)

    def cells(self) -> tuple[str, ...]:
        """As the table has it."""
        return (
            f"{self.title}: {self.limit.figure}",
            f"{self.ours:,.1f}",
            self.limit.peer or "",
            "" if self.theirs is None else f"{self.theirs:,.1f}",
            "" if self.theirs is None else f"{self.value:.2f}",
            f"({shown(min(self.values))} to {shown(max(self.values))})",
            str(self.limit),
            "met" if self.is_met else "MISSED",
        )


def rows(measure: Measure, figures: Figures) -> list[Row]:
    """One for each limit."""
    made = []
    for limit in measure.limits:
        ours = figures[limit.figure][OURS]
        theirs = figures[limit.figure][limit.peer] if limit.peer else None
        values = [own / other for own, other in zip(ours, theirs, strict=True)] if theirs else ours
        made.append(Row(measure.title, limit, median(ours), median(theirs) if theirs else None, values))
    return made


def shown(value: float) -> str:
    """With as many digits as it deserves."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"  # noqa: PLR2004


def table(all_rows: list[Row]) -> str:
    """Text, in columns."""
    lines = [HEADER, *(row.cells() for row in all_rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    is_number = (False, True, False, True, True, False, False, False)
    return "\n".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, is_number, strict=True)
        ).rstrip()
        for line in lines
    )
