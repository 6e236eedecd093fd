"""The actors of a cluster: those that have a place serve everybody."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from frisket.cluster.actors import Actors
from frisket.cluster.errors import NoPlace


class Cluster:
    """As much of Ray as actors are asked here: so many machines, each with room for one."""

    class exceptions:  # noqa: N801
        RayError = RuntimeError

    def __init__(self, machines: int) -> None:
        self.machines, self.made, self.closed = machines, 0, 0

    def make(self) -> Any:
        self.made += 1
        return Actor(self, self.made)

    def wait(
        self, refs: list[int], num_returns: int, timeout: float
    ) -> tuple[list[int], list[int]]:
        placed = [ref for ref in refs if ref <= self.machines]
        return placed, [ref for ref in refs if ref not in placed]

    def get(self, refs: list[int], timeout: float) -> None:
        self.closed += len(refs)


class Actor:
    """One actor; what it is asked has its number as reference."""

    def __init__(self, cluster: Cluster, number: int) -> None:
        self.number = number
        self.settle = self.close = self
        self._cluster = cluster

    def remote(self) -> int:
        return self.number


def test_whoever_waits_for_a_place_takes_what_others_give_back() -> None:
    cluster = Cluster(machines=1)
    actors = Actors(cluster, cluster.make)
    actors.ask()
    actors.ask()
    first = actors.take()
    got: list[Any] = []
    waiter = threading.Thread(target=lambda: got.append(actors.take()))
    waiter.start()
    actors.give_back(first)
    waiter.join(60)
    assert got == [first]
    actors.replace()
    cluster.machines = cluster.made
    assert {actors.take().number, actors.take().number} == {2, 3}


def test_a_cluster_without_room_is_told_and_free_actors_are_let_go() -> None:
    cluster = Cluster(machines=0)
    actors = Actors(cluster, cluster.make, patience_s=0.05)
    actors.ask()
    with pytest.raises(NoPlace, match="ray status"):
        actors.take()
    cluster.machines = 1
    actors.close()
    assert cluster.closed == 1
