"""`frisket server top`: what a server does, by its metrics and nothing else."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from typing import TYPE_CHECKING, Any

from frisket.cli.exits import Exit

if TYPE_CHECKING:
    from frisket.measure.meters import Durations, Reading

_INTERVAL_S = 2.0
_MOST_S = 3600.0
_CLEAR = "\x1b[H\x1b[2J"
_ROWS = (
    ("calls", "frisket_request_duration_seconds"),
    ("first masks", "frisket_first_alpha_seconds"),
    ("lines", "frisket_queue_duration_seconds"),
    ("stages", "frisket_stage_duration_seconds"),
)


def add_top(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verb to those of `frisket server`."""
    parser = verbs.add_parser("top", help="what a server with --metrics does, again and again")
    parser.add_argument(
        "port", type=_port, metavar="PORT", help="of 'frisket serve --metrics PORT' on this machine"
    )
    parser.add_argument(
        "--interval", type=_seconds, default=_INTERVAL_S, metavar="S",
        help=f"seconds from look to look; default: {_INTERVAL_S:g}",
    )  # fmt: skip
    parser.add_argument(
        "--once", action="store_true", help="tell once of all since the server's start"
    )
    parser.add_argument("--json", action="store_true", help="as --once, one JSON object")
    parser.set_defaults(run=_run)


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 1 and 65535")
    return port


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.1 <= seconds <= _MOST_S:
        raise argparse.ArgumentTypeError(f"'{text}' is not between 0.1 and {_MOST_S:.0f}")
    return seconds


_port.__name__, _seconds.__name__ = "port", "number of seconds"


def _run(arguments: argparse.Namespace) -> int:
    from frisket.measure.meters import fetch

    reading = fetch(arguments.port)
    if arguments.json:
        print(json.dumps(summarise(reading), allow_nan=False))
        return Exit.OK
    print(write(reading), flush=True)
    while not arguments.once:
        time.sleep(arguments.interval)
        before, reading = reading, fetch(arguments.port)
        start = _CLEAR if sys.stdout.isatty() else "\n"
        print(start + write(reading.since(before)), flush=True)
    return Exit.OK


def summarise(reading: Reading) -> dict[str, Any]:
    """Return a reading as plain values for JSON; what is unknown is None."""
    return {
        "gauges": {
            name: {" ".join(labels): value for labels, value in rows.items()}
            for name, rows in reading.values.items()
            if not name.endswith("_created")
        },
        "durations": {
            name: {" ".join(labels): _summarise_row(one) for labels, one in rows.items()}
            for name, rows in reading.durations.items()
        },
    }


def _summarise_row(one: Durations) -> dict[str, float | None]:
    found = {"mean": one.mean, "p50": one.quantile(0.5), "p95": one.quantile(0.95)}
    return {"count": one.count, **{k: v if math.isfinite(v) else None for k, v in found.items()}}


def write(reading: Reading) -> str:
    """Return a reading as lines for people."""
    lines = [_write_head(reading), _write_errors(reading), _write_models(reading), ""]
    lines.append(f"{'':<26}{'count':>9}{'mean':>10}{'p50':>10}{'p95':>10}")
    for title, name in _ROWS:
        for labels, one in sorted(reading.durations.get(name, {}).items()):
            if one.count:
                lines.append(_write_row(f"{title}: {' '.join(labels)}" if labels else title, one))
    return "\n".join(lines)


def _write_head(reading: Reading) -> str:
    [about, *_] = reading.values["frisket_server_info"]
    pending = reading.values.get("frisket_pending", {})
    waiting = ", ".join(f"{' '.join(one)} {count:.0f}" for one, count in pending.items() if count)
    batches = reading.durations.get("frisket_batch_size", {}).get(())
    mean = f"; {batches.mean:.1f} pictures a run" if batches and batches.count else ""
    return (
        f"frisket {' on '.join(reversed(about))}; "
        f"{reading.value('frisket_sessions'):.0f} of {reading.value('frisket_sessions_limit'):.0f} "
        f"places taken; peak {reading.value('frisket_peak_bytes') / 2**20:.0f} MiB{mean}; "
        f"in line: {waiting or 'nothing'}"
    )


def _write_errors(reading: Reading) -> str:
    found = reading.values.get("frisket_errors_total", {})
    told = ", ".join(f"{' '.join(one)} {count:.0f}" for one, count in found.items() if count)
    return f"errors since the start: {told or 'none'}"


def _write_models(reading: Reading) -> str:
    found = reading.values.get("frisket_model_resident_bytes", {})
    told = (
        f"{' on '.join(reversed(labels))} {size / 2**20:.0f} MiB" for labels, size in found.items()
    )
    return f"models in memory: {', '.join(told) or 'none'}"


def _write_row(title: str, one: Durations) -> str:
    cells = "".join(
        f"{_write_time(seconds):>10}"
        for seconds in (one.mean, one.quantile(0.5), one.quantile(0.95))
    )
    return f"{title:<26}{one.count:>9.0f}{cells}"


def _write_time(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "-"
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
