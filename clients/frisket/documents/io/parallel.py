"""Ordered work on a few threads, with a bounded number of results in flight."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
A = TypeVar("A")


def count_workers() -> int:
    """Return the threads worth starting: the cores this process may use, at most eight."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    return max(1, min(8, cores))


def map_ordered(
    work: Callable[[A], T], items: Iterable[A], *, threads: int = 0, ahead: int = 1
) -> Iterator[T]:
    """Yield ``work(item)`` in the order of ``items``, computed on threads.

    At most ``threads + ahead`` results exist at a time, so memory stays bounded whatever the
    number of items; closing the iterator cancels what has not begun.
    """
    count = threads or count_workers()
    if count == 1:
        yield from map(work, items)
        return
    pool = ThreadPoolExecutor(count, thread_name_prefix="frisket-documents")
    waiting: deque[Future[T]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= count + ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
        pool.shutdown(wait=True)


def run_all(work: Callable[[A], None], items: Iterable[A], *, threads: int = 0) -> None:
    """Run ``work`` over all items on threads, holding few items at a time."""
    for _ in map_ordered(work, items, threads=threads):
        pass
