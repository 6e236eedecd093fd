"""The rows of `rembg.py`: kept in `results/rembg.json` one by one, and laid out as tables."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from common import RESULTS

Row = dict[str, Any]
_FILE = RESULTS / "rembg.json"


def keep(name: str, row: Row, order: Sequence[str]) -> None:
    """Write one row into the results, beside those that were measured before."""
    rows = read() | {name: row}
    ranks = {known: rank for rank, known in enumerate(order)}
    names = sorted(rows, key=lambda name: (ranks.get(name, len(ranks)), name))
    rows = {name: rows[name] for name in names}
    report = {"cores": os.cpu_count(), "rows": rows}
    RESULTS.mkdir(exist_ok=True)
    _replace(_FILE, json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    _replace(_FILE.with_suffix(".md"), as_tables(rows))


def read() -> dict[str, Row]:
    """Return the rows by name; none where no file, or one of an older form, is there."""
    if not _FILE.exists():
        return {}
    rows = json.loads(_FILE.read_text())["rows"]
    return rows if isinstance(rows, dict) else {}


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.write_text(text)
    fresh.replace(path)


def as_tables(rows: dict[str, Row]) -> str:
    """Return the results as Markdown: TIFF, everyday files, and the wire."""
    tiff = [row for name, row in rows.items() if name.startswith(("tiff-", "alone-"))]
    files = [row for name, row in rows.items() if name.startswith(("jpg-", "png-", "folder-"))]
    wires = [row for name, row in rows.items() if name.startswith("wire-")]
    parts = [_list_tiff(tiff), _list_files(files), [_tell_wire(row) for row in wires]]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _list_tiff(rows: Sequence[Row]) -> list[str]:
    """Return a table of TIFF; the model's seconds are those of the same invocation."""
    heads = (
        "what", "frisket s", "rembg s", "faster", "frisket MB", "rembg MB", "memory",
        "first mask s", "best model s", "÷ (best model + proxy)", "server's model s", "uploaded",
        "MB less the model", "s / 100 MP", "load",
    )  # fmt: skip
    return _lay_out(heads, map(_tell_tiff, rows)) if rows else []


def _tell_tiff(row: Row) -> list[str]:
    ours, first = row["frisket"], row["frisket"]["first_mask_seconds"]
    best, model = row["best_model"]["seconds"], row["model"]
    return [
        row["what"],
        *_tell_both(row, "seconds", 1, ".2f", "×"),
        *_tell_both(row, "peak_bytes", 1e-6, ".0f", ""),
        f"{first:.2f}",
        f"{best:.2f}",
        f"{first / (best + ours['proxy_seconds']):.2f}",
        f"{model['seconds']:.2f}",
        f"{ours['uploaded_share']:.0%}",
        f"{(ours['peak_bytes'] - model['bytes']) / 1e6:.0f}",
        f"{ours['seconds'] / row['megapixels'] * 100:.2f}",
        f"{row['load']:.1f}",
    ]


def _list_files(rows: Sequence[Row]) -> list[str]:
    """Return a table of everyday files; CPU seconds are those of client and server together."""
    heads = (
        "what", "frisket s", "rembg s", "faster", "frisket CPU s", "rembg CPU s", "less work",
        "frisket MB", "rembg MB", "memory", "model runs alone s", "load",
    )  # fmt: skip
    return _lay_out(heads, map(_tell_files, rows)) if rows else []


def _tell_files(row: Row) -> list[str]:
    return [
        row["what"],
        *_tell_both(row, "seconds", 1, ".2f", "×"),
        *_tell_both(row, "cpu_seconds", 1, ".2f", "×"),
        *_tell_both(row, "peak_bytes", 1e-6, ".0f", ""),
        f"{row['model_runs_seconds']:.2f}",
        f"{row['load']:.1f}",
    ]


def _tell_both(row: Row, key: str, scale: float, form: str, sign: str) -> list[str]:
    """Return ours, theirs, and how many times as much they take (`×`), or ours of theirs."""
    ours, theirs = row["frisket"][key], row.get("rembg", {}).get(key)
    if theirs is None:
        return [format(ours * scale, form), "–", "–"]
    ratio = f"{theirs / ours:.1f}×" if sign else f"{ours / theirs:.2f}"
    return [format(ours * scale, form), format(theirs * scale, form), ratio]


def _tell_wire(row: Row) -> str:
    return (
        f"gRPC on loopback {row['grpc_seconds']:.2f} s ÷ in process {row['direct_seconds']:.2f} s"
        f" = {row['ratio']:.2f} ({row['megapixels']:g} MP)."
    )


def _lay_out(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]
