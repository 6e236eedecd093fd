"""The load test: each part of the load alone, then all of it together."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from frisket.client.capabilities import ask_capabilities
from frisket.client.errors import ClientError
from frisket.client.transport import Connect
from frisket.loadtest.chaos import Troublemaker
from frisket.loadtest.crowd import SETTLE_S, Group, deal, run_groups
from frisket.loadtest.people import JOB_MP, THINK_S, Artist, Job
from frisket.loadtest.record import Record, Until

_ALONE_SHARE = 0.1
_TROUBLEMAKERS = 2
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What a load is made of.

    Attributes:
        artists, jobs: how many of each.
        chaos: with clients that behave badly.
        seconds: of the whole load; each part runs alone before for a tenth of that.
        seed: of every choice.
        think_s: least and most seconds that an artist thinks.
        job_mp: megapixels of a job's pictures.
        least_s: seconds that each part runs alone at least.
    """

    artists: int = 8
    jobs: int = 1
    chaos: bool = False
    seconds: float = 600.0
    seed: int = 1
    think_s: tuple[float, float] = THINK_S
    job_mp: float = JOB_MP
    least_s: float = 10.0

    @property
    def alone_s(self) -> float:
        """Seconds that each part runs alone."""
        return max(self.least_s, self.seconds * _ALONE_SHARE)


@dataclass
class Findings:
    """What came of a load.

    Attributes:
        idle: one artist alone, who does not think.
        alone: the jobs alone.
        together: everything.
        alone_s, together_s: how long these took.
        left_open: sessions that the server still had when everybody was gone.
    """

    idle: Record = field(default_factory=Record)
    alone: Record = field(default_factory=Record)
    together: Record = field(default_factory=Record)
    alone_s: float = 0.0
    together_s: float = 0.0
    left_open: int = 0


@dataclass(frozen=True)
class LoadTest:
    """Runs a plan against a server.

    Attributes:
        plan: the load.
        connect: reaches the server; with chaos it can be pickled.
        address: host:port of the server, for clients that send garbage.
        say: told what happens.
    """

    plan: Plan
    connect: Connect
    address: str
    say: Say = lambda text: None

    def run(self) -> Findings:
        """Return what was found.

        Raises:
            ClientError: the server cannot be reached.
        """
        before = self._count_sessions()
        found, plan = Findings(), self.plan
        self.say("one artist alone, to warm up and to compare with")
        self._run_artist_alone(Record(), plan.least_s / 2)
        self._run_artist_alone(found.idle, plan.alone_s)
        if plan.jobs:
            self.say(f"{plan.jobs} job(s) alone")
            found.alone_s = run_groups(self._deal_jobs(), plan.alone_s, found.alone)
        self.say(f"{plan.artists} artist(s), {plan.jobs} job(s) for {plan.seconds:.0f} s")
        groups = [*self._deal_artists(), *self._deal_jobs(), *self._deal_troublemakers()]
        found.together_s = run_groups(groups, plan.seconds, found.together)
        try:
            found.left_open = max(0, self._await_quiet(before) - before)
        except ClientError as error:  # it was lost: what was found until then is worth telling
            found.together.fail("server", error)
        return found

    # ------------------------------------------------------------- members

    def _run_artist_alone(self, record: Record, seconds: float) -> None:
        dice = self._throw("idle", 0)
        Artist(self.connect, record, Until(seconds), dice, (0.0, 0.0)).work()

    def _deal_artists(self) -> list[Group]:
        make = partial(Artist, self.connect, think_s=self.plan.think_s)
        count = self.plan.artists
        return deal([partial(make, dice=self._throw("artist", number)) for number in range(count)])

    def _deal_jobs(self) -> list[Group]:
        make = partial(Job, self.connect, megapixels=self.plan.job_mp)
        return deal([make] * self.plan.jobs, yields=True)

    def _deal_troublemakers(self) -> list[Group]:
        make = partial(Troublemaker, self.connect, self.address)
        count = _TROUBLEMAKERS if self.plan.chaos else 0
        return deal([partial(make, dice=self._throw("chaos", number)) for number in range(count)])

    def _throw(self, who: str, number: int) -> random.Random:
        return random.Random(f"{self.plan.seed} {who} {number}")

    # -------------------------------------------------------------- server

    def _count_sessions(self) -> int:
        transport = self.connect()
        try:
            return ask_capabilities(transport, SETTLE_S).sessions
        finally:
            transport.close()

    def _await_quiet(self, wanted: int) -> int:
        """Return how many sessions are open when that has sunk to `wanted`, or in the end."""
        end = time.monotonic() + SETTLE_S
        while (count := self._count_sessions()) > wanted and time.monotonic() < end:
            time.sleep(0.2)
        return count
