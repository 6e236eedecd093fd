"""A Celery task that cuts a picture, and is tried again while no server can be reached.

BROKER=amqp://guest@localhost// celery -A celery_task worker
"""

import os

from celery import Celery

from frisket import CutOptions, cut
from frisket.client.errors import NoServer, TransportError
from frisket.jobs.connection import ServerChoice

app = Celery("cutouts", broker=os.environ.get("BROKER", "memory://"))
# A task that its worker did not finish is given to another one: a cutout is written whole or
# not at all, so it may be begun again.
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1)
servers = ServerChoice(os.environ.get("FRISKET_SERVER", ""))


@app.task(
    name="cutouts.cut",
    autoretry_for=(NoServer, TransportError),
    retry_backoff=float(os.environ.get("BACKOFF_S", "2")),
    retry_jitter=True,
    max_retries=10,
)
def cut_picture(source: str, output: str, model: str = "") -> float:
    """Cut a picture out; return the seconds. Names travel to the broker, pixels do not."""
    options = CutOptions(kind="cutout", model=model, sandbox=True, server=servers, batch=True)
    return cut(source, output, options).seconds
