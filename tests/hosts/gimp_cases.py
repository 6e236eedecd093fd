"""What the plug-in has to do inside GIMP. Runs in GIMP's own Python, not in pytest.

Every function named `case_...` raises when it fails; `/lab/results.json` tells which.
"""

import sys

sys.path.insert(0, "/lab")
import gimp_kit
import gimp_results
import gimp_trouble

gimp_kit.run({**vars(gimp_results), **vars(gimp_trouble)})
