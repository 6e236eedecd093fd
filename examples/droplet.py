"""Do what a Photoshop droplet did, for what is dropped onto it: droplet.py FILE or FOLDER."""

import sys
from pathlib import Path

from frisket.jobs import Batch
from frisket.jobs.batch.events import Event, Failed, Progress


def listen(event: Event) -> None:
    if isinstance(event, Progress):
        print(f"{event.done} of {event.total}")
    elif isinstance(event, Failed) and event.again_in is None:
        print(f"{event.input.name}: {event.error}")


masked = Path(sys.argv[1]).resolve().parent / "masked"
batch = Batch(sys.argv[1:], masked, existing="replace", listen=listen)
review = [done.output.name for done in batch if done.verdict.needs_review]
print("Please look at:", ", ".join(review) or "nothing")
