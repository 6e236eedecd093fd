"""One solution of a layer on its way to the client."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from frisket.matting import Refinement, Solution
from frisket.matting.engine import Assessment
from frisket.server.debts import Debts
from frisket.server.tile_queue import TileQueue
from frisket.server.wire import Response


@dataclass(eq=False)
class Revision:
    """One solution of the layer, and how far its tiles are.

    Attributes:
        number: as the client chose it.
        solution: what its tiles are computed from.
        refinement: where their pixels go.
        queue: which are asked for.
        asks: tiles are computed from pixels that the client has to send.
        owed: tiles that the client was asked for.
        finished: every tile has been sent.
        over: another revision has begun, or the client wants no more of this one.
        opinion: what is believed of the solution, found beside its tiles from the first on.
    """

    number: int
    solution: Solution
    refinement: Refinement[Response]
    queue: TileQueue
    asks: bool
    owed: Debts = field(default_factory=Debts)
    finished: bool = False
    over: bool = False
    opinion: asyncio.Future[Assessment] | None = None
