"""Prints how near frisket comes to what is right for each form that a TIFF stores pictures in.

    python benchmarks/storage.py [--every] [--docs docs/documents.md]

One picture is stored in every photometric, sample format and kind of alpha, in each layout (chunky
and planar, strips and tiles, both byte orders, every codec) with ``--every``, else in some layouts
of each. Columns are the greatest difference from a reference in doubles, in levels of 255: what
the model sees, the cutout's colours, its opacity, and its colours after the edge was cleaned.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from importlib import import_module
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

Key = tuple[str, str, str]
_COLUMNS = ("seen", "cutout", "opacity", "cleaned")
_BEGIN, _END = "<!-- benchmarks/storage.py -->\n", "<!-- end of what it printed -->"
_SAMPLES = {
    "1, 2, 4 bits": ("u1", "u2", "u4"),
    "8 bits, signed too": ("u8", "i8"),
    "12, 16, 32 bits, signed too": ("u12", "u16", "u32", "i16", "i32"),
    "half, single, double": ("f16", "f32", "f64"),
}
_ALPHAS = {"none or straight": ("none", "unassociated"), "premultiplied": ("associated",)}
_MODES = {
    "grey, RGB, palette": ("white", "grey", "rgb", "palette"),
    "CMYK": ("cmyk",),
    "Lab": ("lab", "icclab"),
}


def main() -> int:
    """Measure and print; the status tells whether a cell is beyond what it may be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--every", action="store_true", help="every layout of every form")
    parser.add_argument("--docs", type=Path, help="page to write the table of kinds into")
    options = parser.parse_args()

    worst, failed, count = _measure(options.every)
    print(f"{count} files; greatest differences in levels of 255\n")
    _print_table(worst)
    failed += [
        f"{' '.join(key)}: {found}" for key, found in worst.items() if _list_beyond(key, found)
    ]
    for line in failed:
        print(f"failed: {line}")
    if options.docs:
        _write_page(options.docs, _join_kinds(worst))
    return 1 if failed else 0


def _measure(every: bool) -> tuple[dict[Key, list[float]], list[str], int]:
    """Return the greatest differences of each form, what failed, and how many files there were."""
    storage_forms, matrix = import_module("storage_forms"), import_module("storage_matrix")
    worst: dict[Key, list[float]] = defaultdict(lambda: [0.0] * len(_COLUMNS))
    failed: list[str] = []
    forms = list(storage_forms.every_form())[:: 1 if every else 7]
    with tempfile.TemporaryDirectory() as folder:
        for form in forms:
            row = worst[form.photometric, form.sample, form.alpha]
            try:
                cell = matrix.measure(form, Path(folder))
            except Exception as error:  # whatever goes wrong is a line of the table
                failed.append(f"{form}: {error!r}")
                continue
            found = cell.view, cell.cutout, cell.opacity, cell.cleaned
            row[:] = [max(pair) for pair in zip(row, found, strict=True)]
    return worst, failed, len(forms)


def _list_beyond(key: Key, found: list[float]) -> list[str]:
    matrix = import_module("storage_matrix")
    beyond: list[str] = matrix.list_beyond(matrix.Cell(*found), *key)
    return beyond


def _print_table(worst: dict[Key, list[float]]) -> None:
    print(f"| stored as | sample | alpha | {' | '.join(_COLUMNS)} |\n|" + "---|" * 7)
    for key, found in worst.items():
        print(_pack_row(key, found))


def _pack_row(names: Iterable[str], found: list[float]) -> str:
    return f"| {' | '.join((*names, *(f'{one:.2f}' for one in found)))} |"


def _join_kinds(worst: dict[Key, list[float]]) -> str:
    """Return a table of the greatest differences of forms of a kind."""
    head = ("stored as", "samples", "alpha", *_COLUMNS)
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for names in product(_MODES, _SAMPLES, _ALPHAS):
        mode, sample, alpha = names
        kinds = product(_MODES[mode], _SAMPLES[sample], _ALPHAS[alpha])
        rows = [worst[key] for key in kinds if key in worst]
        if rows:
            lines.append(_pack_row(names, [max(column) for column in zip(*rows, strict=True)]))
    return "".join(f"{line}\n" for line in lines)


def _write_page(page: Path, table: str) -> None:
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(_BEGIN)
    page.write_text(f"{before}{_BEGIN}\n{table}\n{_END}{rest.split(_END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
