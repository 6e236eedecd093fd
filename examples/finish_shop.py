"""Makes a square on white for a shop, as JPEG and WebP, of every cutout of a folder.

python examples/finish_shop.py CUTOUTS OUT
"""

import sys
from pathlib import Path

from frisket import FrisketError
from frisket.finish import finish

source, out = map(Path, sys.argv[1:])
out.mkdir(exist_ok=True)
failed = 0
for cutout in sorted(source.glob("*.png")):
    try:
        done = finish(cutout, out / f"{cutout.stem}.jpg", canvas="marketplace",
                      shadow=["contact", "drop:opacity=20%"], max_bytes="500k", private=True,
                      also="webp", overwrite=True)  # fmt: skip
        print(*done.outputs, *done.notes, sep="\n  ")
    except FrisketError as error:
        failed += 1
        print(error, file=sys.stderr)
sys.exit(failed > 0)
