"""Prints how near frisket comes to what is right for each form that a TIFF stores pictures in.

    python benchmarks/storage.py [--every]

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
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))


def main() -> int:
    """Measure and print; the status tells whether a form could not be read at all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--every", action="store_true", help="every layout of every form")
    options = parser.parse_args()
    storage_forms, matrix = import_module("storage_forms"), import_module("storage_matrix")

    worst: dict[tuple[str, str, str], list[float]] = defaultdict(lambda: [0.0] * 4)
    failed: list[str] = []
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, form in enumerate(storage_forms.every_form()):
            if not options.every and number % 7:
                continue
            count += 1
            row = worst[form.photometric, form.sample, form.alpha]
            try:
                cell = matrix.measure(form, Path(folder))
            except Exception as error:  # whatever goes wrong is a line of the table
                failed.append(f"{form}: {error!r}")
                continue
            found = cell.view, cell.cutout, cell.opacity, cell.cleaned
            row[:] = [max(pair) for pair in zip(row, found, strict=True)]
    _print_table(worst, count, failed)
    return 1 if failed else 0


def _print_table(
    worst: dict[tuple[str, str, str], list[float]], count: int, failed: list[str]
) -> None:
    print(f"{count} files; greatest differences in levels of 255\n")
    print("| stored as | sample | alpha | seen | cutout | opacity | cleaned |\n|" + "---|" * 7)
    for (photometric, sample, alpha), found in worst.items():
        figures = " | ".join(f"{one:.2f}" for one in found)
        print(f"| {photometric} | {sample} | {alpha} | {figures} |")
    for line in failed:
        print(f"failed: {line}")


if __name__ == "__main__":
    sys.exit(main())
