"""What the plug-in has to do inside GIMP. Runs in GIMP's own Python, not in pytest.

Every function named `case_...` raises when it fails; `/lab/results.json` tells which.
"""

import os
import sys

sys.path.insert(0, "/lab")
# The conformance suite works the plug-in's own readers and painters.
sys.path += ["/lab/gimp3/plug-ins/frisket-cutout", "/lab/gimp3/plug-ins/frisket-cutout/_vendor"]
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"
import gimp_away
import gimp_conformance
import gimp_kit
import gimp_marks
import gimp_painted
import gimp_results
import gimp_trouble

ROOMS = (gimp_results, gimp_painted, gimp_marks, gimp_trouble, gimp_away, gimp_conformance)
CASES = {name: value for room in ROOMS for name, value in vars(room).items()}
gimp_kit.run({**CASES, **gimp_conformance.CASES})
