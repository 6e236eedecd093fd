"""Several devices of one server: sessions are spread over them, and none waits for a copy more."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pool_kit import PICTURE, GatedRegistry, play, until
from trials.kit import Trial, posix
from trials.pictures import draw

from frisket.models import DeviceUnavailable
from frisket.server.arguments import add_arguments, configure
from frisket.server.config import ConfigError
from frisket.server.lane import Claim
from frisket.server.limits import Limits
from frisket.server.placement import Placement
from frisket.server.places import Close, Device, Grant, Open
from frisket.server.pool import ModelPool

ERROR = ValueError("unusable")
TWO = "cuda:0,cuda:1"


def make_parser() -> ArgumentParser:
    parser = ArgumentParser()
    add_arguments(parser)
    return parser


def place(*budgets: int, limit: int = 9) -> Placement:
    return Placement([Device(f"d{n}", budget) for n, budget in enumerate(budgets)], limit)


def test_a_model_in_use_is_opened_on_an_idle_device_and_sessions_take_the_least_loaded() -> None:
    placement = place(100, 100, 100)
    assert placement.request(0, "a", 10) == [Open(0, "a", "d0")]
    assert placement.opened(0) == [Grant(0, 0)]
    # Whoever shares a copy has another one opened, and does not wait for it.
    assert placement.request(1, "a", 10) == [Open(1, "a", "d1"), Grant(1, 0)]
    assert placement.request(2, "a", 10) == [Grant(2, 0)], "one that opens is enough"
    assert placement.opened(1) == []
    assert placement.request(3, "a", 10) == [Grant(3, 1)]
    assert placement.request(4, "a", 10) == [Open(2, "a", "d2"), Grant(4, 1)]
    placement.opened(2)
    assert [placement.request(n, "a", 10)[-1] for n in (5, 6, 7, 8)] == [
        Grant(5, 2), Grant(6, 2), Grant(7, 1), Grant(8, 2)
    ]  # fmt: skip


def test_the_load_of_other_models_counts() -> None:
    placement = place(100, 100)
    placement.request(0, "a", 10)
    placement.opened(0)
    assert placement.request(1, "b", 10) == [Open(1, "b", "d1")], "where least is taken"
    placement.opened(1)
    assert placement.request(2, "a", 10) == [Grant(2, 0)], "the other device is at work"


def test_nothing_has_to_leave_for_a_copy_more() -> None:
    for placement in (place(100, 5), place(100, 100, limit=1)):
        placement.request(0, "a", 10)
        placement.opened(0)
        assert placement.request(1, "a", 10) == [Grant(1, 0)]


def test_a_device_where_a_model_does_not_open_is_not_asked_again_until_it_is_unloaded() -> None:
    placement = place(0, 0)
    placement.request(0, "a", 10)
    placement.opened(0)
    assert Open(1, "a", "d1") in placement.request(1, "a", 10)
    assert placement.failed(1, ERROR) == [], "nobody waited for it"
    assert placement.request(2, "a", 10) == [Grant(2, 0)]
    assert placement.unload("a") == []
    assert placement.release(0) == placement.release(1) == []
    assert placement.release(2) == [Close(0, "d0")]
    placement.closed(0)
    placement.request(3, "a", 10)
    placement.opened(2)
    assert Open(3, "a", "d1") in placement.request(4, "a", 10)


def test_all_copies_leave_when_a_model_is_unloaded() -> None:
    placement = place(0, 0)
    placement.request(0, "a", 10)
    placement.opened(0)
    placement.request(1, "a", 10)
    placement.opened(1)
    assert placement.unload("a") == [Close(1, "d1")]
    assert not placement.release(0)
    assert placement.release(1) == [Close(0, "d0")]


def test_a_lost_device_gets_nothing_more_but_for_the_last_one() -> None:
    placement = place(100, 100)
    placement.request(0, "a", 10)
    placement.opened(0)
    placement.request(1, "a", 10)
    placement.opened(1)
    placement.request(2, "a", 10)  # on d1, with the fewest users
    assert placement.lose("d1") == [], "it is in use"
    assert placement.release(2) == [Close(1, "d1")]
    placement.closed(1)
    assert placement.request(3, "a", 10) == [Grant(3, 0)]
    assert placement.request(4, "b", 10) == [Open(2, "b", "d0")]
    assert placement.lose("d0") == [], "there is no other"
    assert placement.opened(2) == [Grant(4, 2)]


def test_sessions_go_on_at_the_other_device_when_one_is_lost(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        held = [await pool.acquire("a") for _ in range(2)]
        await until(lambda: len(pool.list_residents()) == 2)
        other = await pool.acquire("a")
        assert other.runner.device == "cuda:1"
        other.model.lost = True  # type: ignore[attr-defined]
        with pytest.raises(DeviceUnavailable):
            await other.batcher.submit(Claim(), PICTURE)
        pool.release(other)
        after = [await pool.acquire("a") for _ in range(3)]
        assert {one.runner.device for one in (*held, *after)} == {"cuda:0"}
        await after[0].batcher.submit(Claim(), PICTURE)
        assert (await pool.acquire("b")).runner.device == "cuda:0"

    play(tmp_path, scenario, device=TWO)


def test_two_runners_run_at_the_same_time(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        first = await pool.acquire("a")
        await pool.acquire("a")
        await until(lambda: registry.devices == ["cuda:0", "cuda:1"])
        await until(lambda: len(pool.list_residents()) == 2)
        second = await pool.acquire("a")
        assert first.model is not second.model
        for loaded in (first, second):
            loaded.model.gate.clear()  # type: ignore[attr-defined]
        runs = [
            asyncio.create_task(one.batcher.submit(Claim(), PICTURE)) for one in (first, second)
        ]
        await until(lambda: len(registry.said("begin")) == 2)
        for loaded in (first, second):
            loaded.model.gate.set()  # type: ignore[attr-defined]
        await asyncio.gather(*runs)
        threads = {thread for what, _, thread in registry.log if what == "begin"}
        assert len(threads) == 2, "each device has a thread of its own"

    play(tmp_path, scenario, Limits(), device=TWO)


def test_what_a_device_fails_to_open_leaves_the_other_at_work(tmp_path: Path) -> None:
    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        loaded = await pool.acquire("a")
        registry.broken = "cuda:1"
        others = [await pool.acquire("a") for _ in range(3)]
        await until(lambda: "cuda:1" in registry.devices)
        assert {id(one.model) for one in others} == {id(loaded.model)}
        await loaded.batcher.submit(Claim(), PICTURE)

    assert play(tmp_path, scenario, device=TWO).devices.count("cuda:1") == 1


def test_answers_in_halves_are_not_kept_as_answers_in_singles(tmp_path: Path) -> None:
    found = []

    async def scenario(pool: ModelPool, registry: GatedRegistry) -> None:
        found.append((await pool.acquire("a")).identity)

    for device in ("cuda", "cuda+half", "cuda+nographs"):
        play(tmp_path, scenario, device=device)
    assert found[0] == found[2] != found[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--device", "cuda:0,cuda:0"), "names a device twice"),
        (("--device", "cuda:0,tensorrt:0"), "names a device twice"),
        (("--device", "gpu"), "There is no device 'gpu'"),
        (("--device", "cpu+half"), "only cuda and tensorrt have"),
    ],
)
def test_a_list_that_means_nothing_is_refused_in_a_sentence(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        make_parser().parse_args(words)
    assert said in capsys.readouterr().err


def test_a_local_server_has_one_device_that_clients_can_name() -> None:
    arguments = make_parser().parse_args(("--local", "--device", TWO))
    with pytest.raises(ConfigError, match="A local server runs on one of auto"):
        configure(arguments)


@posix
def test_a_server_on_two_devices_answers_with_the_bytes_of_one(tmp_path: Path) -> None:
    picture = draw(0.05, 1)

    def cut(trial: Trial) -> str:
        with trial.channel() as channel:
            return trial.matte(channel, picture, model="embedded").digest

    with Trial(tmp_path / "one", "--device", "cpu") as trial:
        right = cut(trial)
    with Trial(tmp_path / "two", "--device", "cpu,auto") as trial:
        assert trial.capabilities().device == "cpu,auto"
        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(lambda _: cut(trial), range(12))) == {right}
        assert trial.figures().children == 2, "a process of models for each device"
