"""In doubt a second model is asked, and a matte never waits for it or fails because of it."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from serving import noisy_disc

from frisket.matting import Matting, MattingOptions, predict
from frisket.matting.engine import Assessment, HintBox, Hints, Quality
from frisket.models import Model, NotPresent, Registry
from frisket.protocol.grid import Grid
from frisket.server.limits import Limits
from frisket.server.opinion import assess_alone, assess_layer
from frisket.server.pool import ModelPool
from frisket.server.resources import Resources
from frisket.server.scheduler import Scheduler

WIDTH, HEIGHT = 300, 200
DISC = noisy_disc(WIDTH, HEIGHT)
BOX = Hints(boxes=(HintBox(80, 20, 220, 180),))


class WithoutEmbedded(Registry):
    """A registry whose embedded model cannot be opened."""

    def open(self, name: str = "", *args: Any, **more: Any) -> Model:
        if name == "embedded":
            raise NotPresent("The weights of embedded are gone.")
        return super().open(name, *args, **more)


def ask(registry: Registry, model: str, hints: Hints | None = None) -> tuple[Assessment, bool]:
    """Return what is believed of the disc, and whether the embedded model was opened for it."""

    async def run() -> tuple[Assessment, bool]:
        with contextlib.closing(Scheduler(2)) as scheduler:
            pool = ModelPool(registry, "cpu", 1, Limits())
            resources = Resources(pool, scheduler, Limits())
            share = scheduler.open_share()
            options = MattingOptions(hints=hints or Hints())
            matting = Matting(DISC, Grid(WIDTH, HEIGHT, 64), options)
            async with resources.borrow(model, (), Quality.STANDARD, share) as models:
                solution = matting.solve(await predict(matting, models.runners))
                found = await assess_alone(models, solution)
                if hints is None:
                    found = await assess_layer(resources, models, matting, solution, found)
            asked = pool.is_loaded("embedded")
            await pool.close()
            return found, asked

    return asyncio.run(asyncio.wait_for(run(), 60))


def test_a_plain_picture_that_two_models_see_alike_is_not_flagged(tmp_path: Path) -> None:
    found, asked = ask(Registry(tmp_path), "classic")
    assert asked and not found.needs_review and found.reasons == ()


def test_without_the_second_the_first_is_doubted_as_before(tmp_path: Path) -> None:
    found, asked = ask(WithoutEmbedded(tmp_path), "classic")
    assert not asked and found.subject is not None
    assert found.doubt > ask(Registry(tmp_path), "classic")[0].doubt


@pytest.mark.parametrize("model", ["classic", "embedded"])
def test_nobody_else_is_asked_where_the_user_shows_the_subject(tmp_path: Path, model: str) -> None:
    found, asked = ask(Registry(tmp_path), model, BOX)
    assert asked == (model == "embedded") and 0 <= found.doubt <= 1
