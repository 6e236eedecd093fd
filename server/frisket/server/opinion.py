"""What is believed of a solved layer; a second model is asked where the first is in doubt.

It is asked when all else is done, so that nobody waits for a mask because of it.
"""

from __future__ import annotations

from functools import partial

from frisket.matting import Matting, Picture, Solution
from frisket.matting.engine import Assessment, Quality
from frisket.matting.engine.types import Bytes
from frisket.models import ModelError
from frisket.server.errors import ServiceError
from frisket.server.resources import BorrowedModels, Resources
from frisket.server.telemetry.meter import Stage
from frisket.server.telemetry.trace import measure


async def assess_alone(models: BorrowedModels, solution: Solution) -> Assessment:
    """Return what is believed of a solution, asking nobody."""
    with measure(Stage.SOLVE):
        return await models.share.compute(partial(solution.assess, models.model.info.doubt))


async def assess_layer(
    resources: Resources,
    models: BorrowedModels,
    matting: Matting,
    solution: Solution,
    alone: Assessment,
) -> Assessment:
    """Return what is believed of a solution that no hint had a part in.

    Args:
        resources: where another model is found.
        models: that found the solution.
        matting: the layer.
        solution: of it.
        alone: what is believed of it when nobody is asked; see `assess_alone`.
    """
    doubt = models.model.info.doubt
    if not doubt.second or alone.subject is None or alone.doubt < doubt.ask_from:
        return alone
    second = await _ask(resources, models, matting, doubt.second)
    if second is None:
        return alone
    with measure(Stage.SOLVE):
        return await models.share.compute(partial(solution.assess, doubt, second))


async def _ask(
    resources: Resources, models: BorrowedModels, matting: Matting, name: str
) -> Bytes | None:
    """Return another model's answer; None where it cannot be had: the matte stands without it."""
    view = (await models.share.solve(matting.views))[0]
    try:
        resources.pool.info(name)
        if not resources.pool.fits(name):  # who holds a model must not wait for another
            return None
        async with resources.borrow(name, (), Quality.STANDARD, models.share) as other:
            with measure(Stage.MODEL):
                return (await other.runners.ask(Picture(view.rgb))).alpha
    except (ServiceError, ModelError):
        return None
