"""A pool over models that wait at gates and note what happens to them."""

from __future__ import annotations

import asyncio
import gc
import math
import threading
import weakref
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from frisket.matting import Picture
from frisket.models import Coarse, DeviceUnavailable, ModelFileError, ModelInfo, Prompt, Registry
from frisket.models.adapters.fake import FAKE, FakeModel
from frisket.server.limits import Limits
from frisket.server.pool import ModelPool

PICTURE = Picture(np.zeros((8, 8, 3), np.uint8))
PATIENCE_S = 10.0


class WatchedModel(FakeModel):
    """Runs while its gate is open; notes what happened on which thread."""

    def __init__(self, name: str, log: list[tuple[str, str, int]]) -> None:
        super().__init__(replace(FAKE, name=name))
        self.gate = threading.Event()
        self.gate.set()
        self.log = log
        self.lost = False

    def note(self, what: str) -> None:
        self.log.append((what, self.info.name, threading.get_ident()))

    def matte(
        self, images: Sequence[object], prompts: Sequence[Prompt | None] | None = None
    ) -> list[Coarse]:
        self.note("begin")
        self.gate.wait(PATIENCE_S)
        self.note("end")
        if self.lost:
            raise DeviceUnavailable("The GPU was lost while a model ran.")
        return super().matte(images, prompts)

    def close(self) -> None:
        self.note("close")
        super().close()


class WatchedRefiner(WatchedModel):
    side = 4

    def refine(self, image: object, trimap: object) -> np.ndarray:
        return np.full((4, 4), 7, np.uint16)


class GatedRegistry(Registry):
    """Opens any name: "bad…" fails, "refiner" refines, and a name with a shut gate waits."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.log: list[tuple[str, str, int]] = []
        self.devices: list[str] = []
        self.broken = ""  # the device where nothing opens
        self.gates: dict[str, threading.Event] = {}
        self.models: dict[str, weakref.ref[WatchedModel]] = {}

    def shut(self, name: str) -> threading.Event:
        self.gates[name] = threading.Event()
        return self.gates[name]

    def default(self) -> str:
        return "a"

    def refiner(self) -> str:
        return "refiner"

    def identify(self, name: str) -> str:
        return name

    def info(self, name: str) -> ModelInfo:
        return replace(FAKE, name=name, size_bytes=10)

    def open(
        self, name: str = "", device: str = "auto", threads: int | None = None
    ) -> WatchedModel:
        self.log.append(("open", name, threading.get_ident()))
        self.devices.append(device)
        if name in self.gates:
            self.gates[name].wait(PATIENCE_S)
        if name == "bad" or device == self.broken:
            raise ModelFileError("bad cannot be loaded.")
        if name == "bad luck":
            raise ZeroDivisionError
        kind = WatchedRefiner if name == "refiner" else WatchedModel
        model = kind(name, self.log)
        self.models[name] = weakref.ref(model)
        return model

    def said(self, *kinds: str) -> list[tuple[str, str]]:
        return [(what, name) for what, name, _ in self.log if what in kinds]


Scenario = Callable[[ModelPool, GatedRegistry], Awaitable[None]]


def play(
    tmp_path: Path,
    scenario: Scenario,
    limits: Limits = Limits(),  # noqa: B008
    keep_s: float = math.inf,
    pinned: Collection[str] = (),
    device: str = "cpu",
) -> GatedRegistry:
    """Let a scenario use a pool; return its registry after the pool was closed."""
    registry = GatedRegistry(tmp_path)
    unseen: list[dict[str, object]] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: unseen.append(what))
        pool = ModelPool(registry, device, 1, limits, None, keep_s, pinned)
        try:
            await asyncio.wait_for(scenario(pool, registry), PATIENCE_S)
        finally:
            for gate in registry.gates.values():
                gate.set()
            await pool.close()
            gc.collect()

    asyncio.run(run())
    assert not unseen, "what fails in the background fails somebody"
    return registry


async def until(true: Callable[[], object]) -> None:
    while not true():
        await asyncio.sleep(0.001)
