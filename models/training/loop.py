"""What every run of training does alike: batches ahead, averaged weights, a log that resumes."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

import torch
from torch import nn

CHECKPOINT, LOG = "checkpoint.pt", "log.jsonl"
#: Batches drawn ahead of their use.
AHEAD = 4
Batch = TypeVar("Batch", covariant=True)


class Source(Protocol[Batch]):
    """Item n is the batch of step n."""

    def __getitem__(self, step: int, /) -> Batch:
        """Draw the batch of one step."""


def draw_ahead(source: Source[Batch], start: int, steps: int) -> Iterator[Batch]:
    """Yield batches of the steps from `start` on, drawn by a thread ahead of their use.

    A thread, not a process: OpenCV and NumPy let go of the interpreter while they work, and
    a forked worker can hang in a lock that OpenCV's own threads held.
    """
    with ThreadPoolExecutor(1) as ahead:
        first = range(start, min(start + AHEAD, steps))
        waiting = deque(ahead.submit(source.__getitem__, step) for step in first)
        for step in range(start, steps):
            if step + AHEAD < steps:
                waiting.append(ahead.submit(source.__getitem__, step + AHEAD))
            yield waiting.popleft().result()


@torch.no_grad()
def average_weights(mean: nn.Module, net: nn.Module, step: int, most: float) -> None:
    """Move averaged weights towards a network's; `most` of them is kept, past the first steps."""
    keep = min(most, (1 + step) / (10 + step))
    for own, new in zip(mean.state_dict().values(), net.state_dict().values(), strict=True):
        if own.is_floating_point():
            own.lerp_(new, 1 - keep)
        else:
            own.copy_(new)


def save_checkpoint(state: dict[str, object], out: Path) -> None:
    """Write a checkpoint, whole or not at all."""
    torch.save(state, out / "checkpoint.tmp")
    (out / "checkpoint.tmp").replace(out / CHECKPOINT)


class Log:
    """One JSON object a line; lines after the step a run resumes from are dropped."""

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        lines = path.read_text().splitlines() if path.exists() else []
        kept = [line for line in lines if json.loads(line)["step"] <= step]
        path.write_text("".join(line + "\n" for line in kept))

    def write(self, **record: object) -> None:
        """Append one record."""
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")
