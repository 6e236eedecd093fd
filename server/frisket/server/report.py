"""Builds every message that the server answers with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from frisket.about import VERSION
from frisket.matting import FinishedTile, Solution
from frisket.matting.engine import Assessment, Subject
from frisket.models import Coarse, Model, ModelError, ModelInfo
from frisket.protocol.limits import MAX_NOTE_BYTES, MAX_PIXEL_BYTES, PROTOCOL_VERSION
from frisket.server.requests import Opening
from frisket.server.wire import CorruptPixels, Packing, pack
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import sequence_pb2 as sequence_pb

if TYPE_CHECKING:
    from frisket.server.unary import EncodedMatte

MAX_RUNS = 100_000
"""Runs of one kind in a message; each takes twelve bytes at most."""


@dataclass
class Timings:
    """Seconds spent, tiles asked for, and the server's memory, in one stream."""

    model_s: float = 0.0
    solve_s: float = 0.0
    refine_s: float = 0.0
    tiles_needed: int = 0
    peak_bytes: int = 0


def build_opened(
    opening: Opening, model: Model, remark: str = "", call: str = ""
) -> pb.MatteResponse:
    """Return the answer to `open`, with a remark for the user and the call's id, if any."""
    return pb.MatteResponse(
        opened=pb.OpenedResponse(
            protocol_version=PROTOCOL_VERSION,
            server_version=VERSION,
            model=model.info.name,
            device=model.device,
            tile_size=opening.grid.tile_size,
            tile_count=opening.grid.count,
            notice=" ".join(part for part in (model.info.notice, remark) if part),
            call=call,
        )
    )


def build_sequence_opened(
    opening: Opening, model: Model, remark: str, call: str, frames: int
) -> sequence_pb.SequenceMatteResponse:
    """Return the answer to the `open` of a sequence; `frames` may be begun at once."""
    layer = build_opened(opening, model, remark, call).opened
    opened = sequence_pb.SequenceOpened(layer=layer, max_frames=frames)
    return sequence_pb.SequenceMatteResponse(opened=opened)


def build_answer(
    frame: int, response: pb.MatteResponse, is_new: bool
) -> sequence_pb.SequenceMatteResponse:
    """Return what is said of a frame."""
    answer = sequence_pb.FrameAnswer(frame=frame, response=response, is_new=is_new)
    return sequence_pb.SequenceMatteResponse(answer=answer)


def build_coarse(coarse: Coarse, revision: int, packing: Packing) -> list[pb.MatteResponse]:
    """Return a coarse alpha in messages of bounded size, its facts with the last."""
    alpha = coarse.alpha
    height, width = alpha.shape
    step = max(1, MAX_PIXEL_BYTES // width)
    return [
        pb.MatteResponse(
            coarse=pb.CoarseRows(
                revision=revision,
                first_row=first,
                row_count=min(step, height - first),
                pixels=pack(alpha[first : first + step], packing),
                facts=_build_facts(coarse) if first + step >= height else None,
            )
        )
        for first in range(0, height, step)
    ]


def _build_facts(coarse: Coarse) -> pb.CoarseFacts:
    return pb.CoarseFacts(
        cell_px=coarse.cell_px,
        confidence=coarse.confidence,
        prompted=coarse.prompted,
        note=coarse.note.encode()[:MAX_NOTE_BYTES].decode(errors="ignore"),
    )


def build_solid(
    revision: int, plan: npt.NDArray[np.int16], fresh: npt.NDArray[np.bool_]
) -> list[pb.MatteResponse]:
    """Return which fresh tiles are solid by a plan, in messages of bounded size; often one."""
    transparent, opaque = list_runs((plan == 0) & fresh), list_runs((plan > 0) & fresh)
    return [
        pb.MatteResponse(
            solid=pb.SolidTiles(
                revision=revision,
                transparent=transparent[first : first + MAX_RUNS],
                opaque=opaque[first : first + MAX_RUNS],
            )
        )
        for first in range(0, max(len(transparent), len(opaque)), MAX_RUNS)
    ]


def list_runs(flags: npt.NDArray[np.bool_]) -> list[pb.TileRun]:
    """Return a flag per tile as runs."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return [
        pb.TileRun(first=int(first), count=int(end - first))
        for first, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def build_need(revision: int, tiles: Iterable[int], context: Iterable[int]) -> pb.MatteResponse:
    """Return which tiles are asked for, and which beside them as context."""
    need = pb.NeedTiles(revision=revision, tile_ids=tiles, context_ids=context)
    return pb.MatteResponse(need=need)


def build_alpha(revision: int, packing: Packing, tile: FinishedTile) -> pb.MatteResponse:
    """Return a finished tile, packed."""
    answer = pb.AlphaTile(
        tile_id=tile.tile,
        revision=revision,
        stage=pb.STAGE_FINAL,
        pixels=pack(tile.alpha, packing),
        colours=None if tile.colours is None else pack(tile.colours, packing),
    )
    return pb.MatteResponse(alpha=answer)


def build_failure(tile: int, error: CorruptPixels) -> pb.MatteResponse:
    """Return that a tile could not be used and will be asked for again."""
    failure = pb.TileFailure(tile_id=tile, reason=error.reason.value, message=str(error))
    return pb.MatteResponse(failure=failure)


def build_finished(
    revision: int,
    cancelled: bool,
    timings: Timings,
    solution: Solution | None,
    assessment: Assessment | None,
    failures: Sequence[ModelError] = (),
) -> pb.MatteResponse:
    """Return the message that ends a revision; one that was cancelled may have no solution."""
    finished = pb.FinishedResponse(
        revision=revision,
        cancelled=cancelled,
        statistics=pb.Statistics(
            tiles_needed=timings.tiles_needed,
            model_seconds=timings.model_s,
            solve_seconds=timings.solve_s,
            refine_seconds=timings.refine_s,
            server_peak_bytes=timings.peak_bytes,
        ),
    )
    if solution is not None:
        remark = f" {len(failures)} of them could not be refined: {failures[0]}" if failures else ""
        finished.statistics.tiles_total = solution.plan.size
        finished.statistics.tiles_solid = int((solution.plan >= 0).sum())
        finished.method = solution.method + remark
    if assessment is not None:
        finished.assessment.CopyFrom(build_assessment(assessment))
        finished.covered_share = assessment.covered_share
        if assessment.subject is not None:
            finished.subject.CopyFrom(build_rect(assessment.subject))
    return pb.MatteResponse(finished=finished)


def build_assessment(assessment: Assessment) -> pb.Assessment:
    """Return what the server believes of its matte."""
    return pb.Assessment(
        edge=assessment.edge,
        semantic=assessment.semantic,
        overall=assessment.overall,
        needs_review=assessment.needs_review,
        reasons=assessment.reasons,
        doubt=assessment.doubt,
    )


def build_rect(subject: Subject) -> pb.Rect:
    """Return where the subject is."""
    return pb.Rect(x=subject.x, y=subject.y, width=subject.width, height=subject.height)


def build_image(matte: EncodedMatte, call: str = "") -> pb.MatteImageResponse:
    """Return the matte of one encoded picture, with the call's id, if any."""
    assessment = matte.assessment
    return pb.MatteImageResponse(
        image=matte.png,
        width=matte.width,
        height=matte.height,
        model=matte.model.info.name,
        device=matte.model.device,
        assessment=build_assessment(assessment),
        subject=None if assessment.subject is None else build_rect(assessment.subject),
        covered_share=assessment.covered_share,
        call=call,
    )


def build_model(info: ModelInfo, loaded: bool, pinned: bool) -> pb.Model:
    """Return what is known of a model."""
    return pb.Model(
        name=info.name,
        family=info.family,
        description=info.description,
        licence=info.licence,
        commercial=info.commercial,
        present=info.present,
        loaded=loaded,
        is_default=info.default and info.role == "matte",
        size_bytes=info.size_bytes,
        classes=info.cuttable,
        prompts=info.prompts,
        refiner=info.role == "refiner",
        title=info.title,
        pinned=pinned,
    )
