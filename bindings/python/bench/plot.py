"""The table as a picture: how much of what is allowed each measure takes; past the line it is missed."""

from __future__ import annotations

from html import escape

from rows import Row, shown

ROW_HEIGHT = 22
TOP = 56
LEFT = 380
SCALE = 300
"""Pixels of what is allowed."""
LONGEST = 1.8
"""Of what is allowed; longer bars are cut."""
WIDTH = 1150
MET, MISSED, LINE, SPREAD = "#2a7f62", "#c0392b", "#333333", "#222222"


def plot(all_rows: list[Row], rounds: int) -> str:
    """SVG."""
    height = TOP + ROW_HEIGHT * len(all_rows) + 20
    size = f'width="{WIDTH}" height="{height}"'
    title = (
        f"keyrotor beside its peers: medians of {rounds} rounds, and the spread within which all of them are"
    )
    target = LEFT + SCALE
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
            f'<rect {size} fill="white"/>',
            f'<text x="10" y="20" font-size="15">{title}</text>',
            '<text x="10" y="40" fill="#555555">share of what the target allows: shorter is better</text>',
            *(_row(number, row) for number, row in enumerate(all_rows)),
            f'<line x1="{target}" y1="{TOP - 8}" x2="{target}" y2="{height - 12}" stroke="{LINE}"/>',
            f'<text x="{target + 4}" y="{TOP - 4}" fill="{LINE}">target</text>',
            "</svg>\n",
        ]
    )


def share(row: Row, value: float) -> float:
    """Of what is allowed."""
    of, whole = (row.limit.bound, value) if row.limit.is_least else (value, row.limit.bound)
    if whole == 0:
        return LONGEST if of > 0 else 0.0
    return min(max(of / whole, 0.0), LONGEST)


def _row(number: int, row: Row) -> str:
    y = TOP + ROW_HEIGHT * number
    middle = y + ROW_HEIGHT / 2
    low, high = sorted(LEFT + SCALE * share(row, value) for value in (min(row.values), max(row.values)))
    colour = MET if row.is_met else MISSED
    beside = f" / {row.limit.peer}" if row.limit.peer else ""
    name = escape(f"{row.title}: {row.limit.figure}{beside}")
    figure = escape(f"{shown(row.value)} (wanted {row.limit})")
    bar = f'y="{y + 4}" width="{SCALE * share(row, row.value):.1f}" height="{ROW_HEIGHT - 8}"'
    spread = f'x1="{low:.1f}" y1="{middle}" x2="{high:.1f}" y2="{middle}"'
    return "\n".join(
        [
            f'<text x="{LEFT - 8}" y="{middle + 4}" text-anchor="end">{name}</text>',
            f'<rect x="{LEFT}" {bar} fill="{colour}"/>',
            f'<line {spread} stroke="{SPREAD}" stroke-width="2"/>',
            f'<text x="{max(LEFT + SCALE, high) + 8:.1f}" y="{middle + 4}">{figure}</text>',
        ]
    )
