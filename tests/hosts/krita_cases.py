"""What the plug-in has to do inside Krita. Runs in Krita's own Python, not in pytest.

Every `case_...` is a generator: each `yield` hands some milliseconds to Krita's event loop.
It raises when it fails; `results.json` in the lab tells which.
"""

import os
import sys

sys.path.insert(0, os.environ["FRISKET_LAB"])
import krita_away
import krita_colours
import krita_conformance
import krita_frames
import krita_kept
import krita_keys
import krita_kit
import krita_marks
import krita_meddled
import krita_painted
import krita_refused
import krita_results
import krita_scripter
import krita_trouble
import krita_words

ROOMS = (krita_results, krita_colours, krita_trouble, krita_painted)
ROOMS += (
    krita_kept,
    krita_refused,
    krita_marks,
    krita_words,
    krita_away,
    krita_frames,
    krita_meddled,
    krita_scripter,
    krita_keys,
)
CASES = {name: value for room in ROOMS for name, value in vars(room).items()}
krita_kit.run({**CASES, **krita_conformance.CASES})
