"""`MatteImage` at its limits: bounded memory, beside a click, and refused before it works."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import grpc
import numpy as np
import pytest
from lengths import pick
from PIL import Image
from serving import noisy_disc
from trials.kit import Peak, Trial, percentile, posix, read_status, say
from trials.messages import MIB

from frisket.v1 import matting_pb2 as pb
from frisket.v1 import matting_pb2_grpc as rpc

pytestmark = posix

SIDE = pick(4000, 8000)  # 16 or 64 megapixels
CLICK = noisy_disc(640, 480)


def encode(width: int, height: int) -> bytes:
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 1] = 200
    picture[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = (250, 40, 30)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def ask(
    trial: Trial, channel: grpc.Channel, image: bytes, **asked: object
) -> pb.MatteImageResponse:
    stub = rpc.MattingServiceStub(channel)
    request = pb.MatteImageRequest(image=image, **asked)  # type: ignore[arg-type]
    return stub.MatteImage(request, timeout=200, metadata=trial.metadata)


@pytest.mark.parametrize(("count", "cutout"), [(1, False), (1, True), (4, True)])
def test_memory_is_bounded_and_clicks_go_on(count: int, cutout: bool, tmp_path: Path) -> None:
    image = encode(SIDE, SIDE)
    with Trial(tmp_path) as trial, trial.channel() as channel:
        trial.click(CLICK)
        idle = percentile([trial.click(CLICK) for _ in range(3)], 50)
        before, done, beside = trial.figures().memory, list[int](), list[float]()

        def work() -> None:
            done.append(len(ask(trial, channel, image, cutout=cutout).image))

        threads = [threading.Thread(target=work) for _ in range(count)]
        with Peak(trial) as peak:
            for each in threads:
                each.start()
            time.sleep(0.3)
            while any(each.is_alive() for each in threads):
                beside.append(trial.click(CLICK))
            for each in threads:
                each.join()
        megapixels = SIDE * SIDE / 1e6
        at_once = min(count, 2)
        taken = (peak.memory - before) * MIB / 1e6 / megapixels / at_once
        say(
            f"{count} pictures of {megapixels:.0f} MP, cutout {cutout}",
            bytes_a_pixel=taken,
            peak_mib=peak.memory - before,
            worst_click=max(beside, default=0.0) / idle,
        )
        assert len(done) == count
        # What the budget counts, and what a model needs for a moment.
        assert peak.memory - before < at_once * megapixels * 8.5 + 220
        assert peak.memory - before < 600 * count
        assert not trial.tracebacks(), trial.text()


def test_what_is_too_large_is_refused_before_any_work(tmp_path: Path) -> None:
    wide = io.BytesIO()
    Image.new("1", (8001, 8000)).save(wide, "PNG")
    grain = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 80, (2560, 3840, 3), dtype=np.uint8)
    noise += noisy_disc(3840, 2560) // 3 * 2
    Image.fromarray(noise).save(grain, "JPEG", quality=60)
    with Trial(tmp_path, "--memory", "300") as trial, trial.channel() as channel:
        trial.click(CLICK)
        idle = min(trial.click(CLICK) for _ in range(3))
        for image, reason in ((wide.getvalue(), "TOO_LARGE"), (encode(8000, 7900), "TOO_LARGE")):
            started = time.perf_counter()
            with pytest.raises(grpc.RpcError) as caught:
                ask(trial, channel, image)
            took = time.perf_counter() - started
            assert read_status(caught.value) == f"RESOURCE_EXHAUSTED/{reason}"
            assert took < idle + 0.5
        assert ask(trial, channel, grain.getvalue()).width == 3840
        with pytest.raises(grpc.RpcError, match="as the answer's PNG") as caught:
            ask(trial, channel, grain.getvalue(), cutout=True)
        assert read_status(caught.value) == "RESOURCE_EXHAUSTED/TOO_LARGE"
