"""What a load test found, as numbers, as text and as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from frisket.loadtest.record import EDGE, MASK, MODEL, TILE, Record
from frisket.loadtest.trial import Findings, Plan

_BARS = " ▁▂▃▄▅▆▇█"
_BINS = 40
_KINDS = {MASK: "first mask", TILE: "tile", EDGE: "changed edge"}
Numbers = dict[str, Any]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the least value that `share` percent of the values do not pass; 0 of none."""
    if not values:
        return 0.0
    return sorted(values)[max(0, math.ceil(len(values) * share / 100) - 1)]


def summarise(plan: Plan, found: Findings) -> Numbers:
    """Return everything as JSON wants it.

    A ratio of None could not be taken, for something was not measured.
    """
    idle, loaded = found.idle, found.together
    alone = _rate(found.alone.job_tiles, found.alone_s)
    rate = _rate(loaded.job_tiles, found.together_s)
    bound = 2 * percentile(idle.seconds[MASK], 50) + percentile(idle.seconds[MODEL], 50)
    return {
        "artists": plan.artists,
        "jobs": plan.jobs,
        "chaos": dict(loaded.chaos),
        "seconds": round(found.together_s, 1),
        "seed": plan.seed,
        "idle": _describe(idle),
        "together": _describe(loaded),
        "job_tiles_per_s": {"alone": round(alone, 2), "together": round(rate, 2)},
        "ratios": {
            "first_mask_p99_to_twice_idle_and_a_run": _ratio(loaded, MASK, 99, bound),
            "first_mask_p50_to_idle_p50": _compare(loaded, idle, MASK, 50, 50),
            "first_mask_p99_to_idle_p99": _compare(loaded, idle, MASK, 99, 99),
            "tile_p99_to_idle_p50": _compare(loaded, idle, TILE, 99, 50),
            "tile_p99_to_idle_p99": _compare(loaded, idle, TILE, 99, 99),
            "job_share_of_its_tiles_alone": round(rate / alone, 3) if alone else None,
        },
        "differing": idle.differing + loaded.differing,
        "failures": idle.failures + found.alone.failures + loaded.failures,
        "sessions_left_open": found.left_open,
    }


def _rate(count: int, seconds: float) -> float:
    return count / seconds if seconds else 0.0


def _ratio(record: Record, kind: str, share: float, to: float) -> float | None:
    values = record.seconds[kind]
    return round(percentile(values, share) / to, 3) if values and to else None


def _compare(loaded: Record, idle: Record, kind: str, share: float, to: float) -> float | None:
    return _ratio(loaded, kind, share, percentile(idle.seconds[kind], to))


def _describe(record: Record) -> Numbers:
    return {
        kind: {
            "count": len(values),
            **{f"p{share}": round(percentile(values, share), 4) for share in (50, 90, 99)},
            "most": round(max(values, default=0.0), 4),
        }
        for kind, values in ((kind, record.seconds[kind]) for kind in (*_KINDS, MODEL))
    }


def write_text(numbers: Mapping[str, Any], found: Findings) -> str:
    """Return the findings for a terminal, with a histogram of each wait."""
    lines = [""]
    for kind, name in _KINDS.items():
        for part, record in (("idle", found.idle), ("together", found.together)):
            row = numbers[part][kind]
            lines.append(
                f"{name + ', ' + part:<24}{row['count']:>7}  p50 {row['p50']:.3f} s  "
                f"p99 {row['p99']:.3f} s  {_draw_bars(record.seconds[kind])}"
            )
    lines.append("(histograms: 1 ms on the left, 100 s on the right, by powers)")
    lines += [f"{name.replace('_', ' ')}: {value}" for name, value in numbers["ratios"].items()]
    if numbers["chaos"]:
        lines.append(f"disturbances: {numbers['chaos']}")
    lines.append(
        f"failures: {len(numbers['failures'])}; scenes that came out otherwise: "
        f"{numbers['differing']}; sessions left open: {numbers['sessions_left_open']}"
    )
    return "\n".join([*lines, *numbers["failures"][:5]])


def count_bins(values: Sequence[float]) -> list[int]:
    """Return how many values lie in each of 40 bins from 1 ms to 100 s, by powers."""
    bins = [0] * _BINS
    for value in values:
        place = (math.log10(max(value, 1e-3)) + 3) / 5 * _BINS
        bins[min(_BINS - 1, int(place))] += 1
    return bins


def _draw_bars(values: Sequence[float]) -> str:
    bins = count_bins(values)
    most = max(bins) or 1
    return "".join(_BARS[math.ceil(count / most * (len(_BARS) - 1))] for count in bins)


def write_svg(found: Findings) -> str:
    """Return a picture: for each kind of wait, how many took how long, idle and together."""
    width, height, gap = 640, 110, 40
    parts = []
    for row, (kind, name) in enumerate(_KINDS.items()):
        top = row * (height + gap) + gap
        parts.append(f'<text x="10" y="{top - 8}">{name}: seconds, by powers</text>')
        for record, colour in ((found.idle, "#888"), (found.together, "#c40")):
            parts.append(_draw_line(record.seconds[kind], (width, height), top, colour))
        for power in range(-3, 3):
            x = (power + 3) / 5 * width
            parts.append(f'<text x="{x:.0f}" y="{top + height + 14}">{10.0**power:g}</text>')
    whole = len(_KINDS) * (height + gap) + gap
    style = "<style>text{font:12px sans-serif}polyline{fill:none;stroke-width:1.5}</style>"
    legend = f'<text x="10" y="{whole - 6}">grey: one artist alone; red: the whole load</text>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 40}" height="{whole}">'
    return "\n".join([head, style, *parts, legend, "</svg>", ""])


def _draw_line(values: Sequence[float], size: tuple[int, int], top: float, colour: str) -> str:
    bins = count_bins(values)
    most = max(bins) or 1
    points = " ".join(
        f"{place / _BINS * size[0]:.1f},{top + size[1] * (1 - count / most):.1f}"
        for place, count in enumerate(bins)
    )
    return f'<polyline stroke="{colour}" points="{points}"/>'
