"""People before jobs, and nobody behind another's long work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean, median

import numpy as np
import pytest
import tifffile
from command import FRISKET, frisket
from corpus import shared
from lengths import WHOLE, pick
from serving import TOKEN
from trials.bare import TILE
from trials.kit import Result, Trial, percentile, reduce, say, whole_only
from trials.pictures import draw, show

from frisket.loadtest.scene import Scene, make_scene
from frisket.protocol.grid import Grid
from frisket.v1 import matting_pb2 as pb

HERE = Path(__file__).parent
CLICK = draw(0.5, 1)
CLICKS = pick(6, 30)
SHARES = ("p50", "p99")


def run_bare(home: Path, *arguments: object) -> float:
    """Return the seconds that the engine takes alone, with the models of a home."""
    command = [sys.executable, str(HERE / "bare.py"), *map(str, arguments)]
    own = {**os.environ, "FRISKET_HOME": str(home)}
    return float(subprocess.run(command, stdout=subprocess.PIPE, check=True, env=own).stdout)


def click(trial: Trial, count: int, alive: Callable[[], bool] = lambda: True) -> list[Result]:
    """Return whole sessions of a small picture, each on a connection of its own."""
    found = []
    for _ in range(count):
        if not alive():
            break
        with trial.channel() as channel:
            found.append(trial.matte(channel, CLICK))
    return found


@pytest.mark.parametrize(
    ("sessions", "megapixels", "quality"),
    [
        pytest.param(8, 4, pb.QUALITY_HIGH, id="8 x 4 MP high"),
        pytest.param(1, 4, pb.QUALITY_HIGH, id="1 x 4 MP high", marks=whole_only),
        pytest.param(8, 8, pb.QUALITY_STANDARD, id="8 x 8 MP standard", marks=whole_only),
    ],
)
def test_a_click_waits_for_no_line_of_solves(
    tmp_path: Path, sessions: int, megapixels: int, quality: int
) -> None:
    with Trial(tmp_path) as trial:
        click(trial, 2)
        idle = click(trial, CLICKS)
        command = (HERE / "load.py", trial.target, sessions, megapixels, pick(20, 120), quality)
        load = subprocess.Popen([sys.executable, *map(str, command)])
        try:
            time.sleep(pick(4, 8))
            got = click(trial, CLICKS, lambda: load.poll() is None)
        finally:
            load.kill()
            load.wait()
    first = [one.coarse_s for one in got]
    tiles = [second for one in got for second in one.tile_s]
    rest = median(one.coarse_s for one in idle)
    rest_tile = median(second for one in idle for second in one.tile_s)
    say(
        f"fairness beside {sessions} x {megapixels} MP, quality {quality}",
        clicks=len(first),
        first_mask_p50=percentile(first, 50) / rest,
        first_mask_p99=percentile(first, 99) / rest,
        tile_p50=percentile(tiles, 50) / rest_tile,
        tile_p99=percentile(tiles, 99) / rest_tile,
    )
    # In order of arrival a first mask waited 9.6 times as long in the middle, and 14 at worst.
    assert percentile(first, 50) < 9 * rest
    if WHOLE:  # of six clicks the slowest says little
        assert percentile(first, 50) < 4 * rest
        assert percentile(first, 99) < 9 * rest


@whole_only
def test_a_click_waits_for_no_very_large_picture(tmp_path: Path) -> None:
    write_scene(tmp_path / "large.tif", make_scene(400, 1))
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    with Trial(tmp_path / "home") as trial:
        click(trial, 2)
        idle, got = click(trial, CLICKS), list[Result]()
        where = ("--server", trial.target, "--token-file", token, "-o", tmp_path / "out.tif")
        how = ("--as", "matte", "--no-progress", "--allow-empty", "--overwrite")
        command = [*FRISKET, "cut", tmp_path / "large.tif", *where, *how]
        for _ in range(12):
            job = subprocess.Popen([str(part) for part in command], stderr=subprocess.DEVNULL)
            try:
                time.sleep(0.8)
                got += click(trial, CLICKS - len(got), lambda: job.poll() is None)  # noqa: B023
            finally:
                job.kill()
                job.wait()
    rest = median(one.coarse_s for one in idle)
    first = [one.coarse_s / rest for one in got]
    say(
        "fairness beside 400 MP",
        clicks=len(first),
        first_mask_p50=percentile(first, 50),
        first_mask_p99=percentile(first, 99),
    )
    assert len(first) == CLICKS
    assert percentile(first, 99) < 4


def write_scene(file: Path, scene: Scene) -> None:
    """Write a scene as a TIFF in tiles."""
    grid = Grid(scene.width, scene.height, 256)
    tifffile.imwrite(
        file,
        (read_whole_tile(scene, grid, number) for number in range(grid.count)),
        shape=(scene.height, scene.width, 3),
        dtype=np.uint8,
        tile=(256, 256),
        photometric="rgb",
        compression="zlib",
        compressionargs={"level": 1},
    )


def read_whole_tile(scene: Scene, grid: Grid, number: int) -> np.ndarray:
    """Return a tile of a scene, filled up to a square."""
    rect = grid.rect(number)
    tile = np.zeros((grid.tile_size, grid.tile_size, 3), np.uint8)
    part = np.frombuffer(scene.read_tile(rect), np.uint8).reshape(rect.height, rect.width, 3)
    tile[: rect.height, : rect.width] = part
    return tile


def test_eight_clicks_at_once_are_answered_one_by_one(tmp_path: Path) -> None:
    pictures = [draw(0.3, seed) for seed in range(4)]
    proxies = [reduce(picture) for picture in pictures]
    firsts, means = [], []
    with Trial(tmp_path) as trial:
        click(trial, 2)
        for _ in range(pick(2, 6)):
            got: list[float] = []

            def work(number: int, got: list[float] = got) -> None:
                picture, proxy = pictures[number % 4], proxies[number % 4]
                got.append(trial.click(picture, proxy=proxy))

            threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            firsts.append(min(got) / max(got))
            means.append(fmean(got) / max(got))
    say("batching", first_to_last=median(firsts), mean_to_last=median(means))
    # One by one the mean is 4.5 of 8 runs; a batch that answers at its end would make it 1.
    assert median(firsts) < 0.6
    assert median(means) < 0.85


@pytest.mark.parametrize("kind", ["drawn", "photographs"])
@pytest.mark.parametrize(
    ("sessions", "quality", "least"),
    [
        pytest.param(1, pb.QUALITY_STANDARD, 0.55, id="1 standard", marks=whole_only),
        pytest.param(8, pb.QUALITY_STANDARD, 0.95, id="8 standard", marks=whole_only),
        pytest.param(16, pb.QUALITY_STANDARD, 0.95, id="16 standard", marks=whole_only),
        pytest.param(4, pb.QUALITY_HIGH, 0.95, id="4 high", marks=whole_only),
    ],
)
def test_sessions_together_are_as_quick_as_a_bare_loop(
    tmp_path: Path, sessions: int, quality: int, least: float, kind: str
) -> None:
    pictures = take_pictures(kind)
    np.savez(tmp_path / "pictures.npz", *pictures)
    proxies = [reduce(picture) for picture in pictures]
    rates, threaded = [], []
    with Trial(tmp_path) as trial:

        def work(number: int) -> None:
            with trial.channel() as channel:
                picture, proxy = pictures[number % 4], proxies[number % 4]
                trial.matte(channel, picture, proxy=proxy, quality=quality, tile_size=TILE)

        def bare(threads: int) -> float:
            return run_bare(tmp_path, sessions, tmp_path / "pictures.npz", quality, threads)

        work(0)
        for _ in range(3):
            threads = [threading.Thread(target=work, args=(n,)) for n in range(sessions)]
            started = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            took = time.perf_counter() - started
            rates.append(bare(1) / took)
            threaded.append(bare(2) / took)
    say(
        f"throughput of {sessions} x 4 MP, quality {quality}, {kind}",
        rate_to_bare_loop=median(rates),
        rate_to_two_bare_threads=median(threaded),
    )
    assert median(rates) > least


def take_pictures(kind: str) -> Sequence[np.ndarray]:
    """Return four pictures of 4 MP; photographs where they are at hand."""
    if kind == "drawn":
        return [draw(4, seed) for seed in range(4)]
    photographs = shared() / "data" / "photos"
    if not photographs.is_dir():
        pytest.skip(f"no photographs in {photographs}; set FRISKET_SHARED to the folder with data/")
    return show(photographs, 4, 4)


@whole_only
def test_people_and_a_job_share_a_server(tmp_path: Path) -> None:
    """Eight artists beside a job wait little longer than one artist alone.

    A tile's 99th percentile is compared with the idle server's own: tiles differ, and one artist
    alone sees a 99th percentile of three times the middle already, so that against the middle
    three times could be passed with nobody else there. The ratio to the middle is what fairness
    was measured by before there were classes, 10 to 17; it must stay well below that. Pictures
    differ likewise: where one artist alone waits longer for one mask in a hundred than for twice
    the middle one and a model run, a quarter more than alone is what may be waited.
    """
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    load = ("--artists", 8, "--jobs", 1, "--seconds", 600, "--json")
    with Trial(tmp_path) as trial:
        address = ("--server", trial.target, "--token-file", token)
        done = frisket("server", "loadtest", *address, *load, timeout=1500)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for when in ("idle", "together"):
        waits = {kind: found[when][kind] for kind in ("first_mask_s", "tile_s", "model_s")}
        told = {f"{kind} {share}": one[share] for kind, one in waits.items() for share in SHARES}
        say(f"load, {when}", first_masks=waits["first_mask_s"]["count"], **told)
    say("load, job tiles a second", **found["job_tiles_per_s"])
    say("load, ratios", **found["ratios"])
    ratios = found["ratios"]
    assert found["together"]["first_mask_s"]["count"] >= 300
    first = "first_mask_p99_to_"
    assert ratios[f"{first}twice_idle_and_a_run"] <= 1 or ratios[f"{first}idle_p99"] <= 1.25
    assert ratios["tile_p99_to_idle_p99"] <= 3
    assert ratios["tile_p99_to_idle_p50"] <= 6
    assert ratios["job_share_of_its_tiles_alone"] >= 0.2
