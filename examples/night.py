"""Cut every document of a folder over one connection.

python night.py IN OUT
"""

import sys
from contextlib import closing
from pathlib import Path

from frisket import CutOptions
from frisket.jobs.many import cut_many
from frisket.jobs.task import Task

source, target = map(Path, sys.argv[1:])
target.mkdir(exist_ok=True)
options = CutOptions(kind="matte", quality="high", depth=16)
tasks = (Task(file, target / f"{file.name}.tif", options) for file in sorted(source.iterdir()))
with closing(cut_many(tasks)) as outcomes:
    for outcome in outcomes:
        name = outcome.task.source.name
        if outcome.result is None:
            print(f"{name}: {outcome.error}")
        elif outcome.result.outcome.judgement.needs_review:
            print(f"{name}: please check: {' '.join(outcome.result.outcome.judgement.reasons)}")
        else:
            print(f"{name}: done in {outcome.result.seconds:.1f} s")
