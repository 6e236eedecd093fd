"""Cut every picture of a folder; after a crash, run it again: python folder.py IN OUT."""

import sys

from frisket.jobs import Batch

batch = Batch(sys.argv[1], sys.argv[2], kind="cutout", quality="high")
for done in batch:
    print(done.source, done.error or " ".join(done.verdict.reasons) or "done")
sys.exit(1 if batch.summary.failed else 0)
