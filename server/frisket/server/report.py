"""Builds the messages that say what a session did."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from frisket.models import Model
from frisket.protocol.limits import PROTOCOL_VERSION
from frisket.protocol.memory import peak_bytes
from frisket.server.solution import Judged, Solution
from frisket.server.wire import Opening
from frisket.v1 import matting_pb2 as pb


@dataclass
class Timings:
    """Seconds spent, and tiles asked for, in one stream."""

    model_s: float = 0.0
    solve_s: float = 0.0
    refine_s: float = 0.0
    tiles_needed: int = 0


def server_version() -> str:
    """Return frisket's version."""
    try:
        return version("frisket")
    except PackageNotFoundError:
        return "unknown"


def opened_message(opening: Opening, model: Model, remark: str = "") -> pb.MatteResponse:
    """Return the answer to `open`, with a remark for the user where there is one."""
    return pb.MatteResponse(
        opened=pb.OpenedResponse(
            protocol_version=PROTOCOL_VERSION,
            server_version=server_version(),
            model=model.info.name,
            device=model.device,
            tile_size=opening.grid.tile_size,
            tile_count=opening.grid.count,
            notice=" ".join(part for part in (model.info.notice, remark) if part),
        )
    )


def finished_message(
    revision: int, cancelled: bool, timings: Timings, solved: Solution, judged: Judged
) -> pb.MatteResponse:
    """Return the message that ends a revision."""
    plan = solved.plan
    finished = pb.FinishedResponse(
        revision=revision,
        cancelled=cancelled,
        statistics=pb.Statistics(
            tiles_total=plan.size,
            tiles_needed=timings.tiles_needed,
            tiles_solid=int((plan >= 0).sum()),
            model_seconds=timings.model_s,
            solve_seconds=timings.solve_s,
            refine_seconds=timings.refine_s,
            server_peak_bytes=peak_bytes(),
        ),
        assessment=judged.message,
        covered_share=judged.covered_share,
        method=solved.method,
    )
    if judged.subject is not None:
        x, y, width, height = judged.subject
        finished.subject.CopyFrom(pb.Rect(x=x, y=y, width=width, height=height))
    return pb.MatteResponse(finished=finished)
