"""One id for client and log, and a log that explains where the time went."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import frisket
from PIL import Image
from serving import TOKEN, Server, noisy_disc, start_server, stop_server
from waiting import wait_until

from frisket.client.errors import TransportError
from frisket.client.h2_transport import H2Transport
from frisket.client.options import Options
from frisket.client.sequence import Sequence
from frisket.client.transport import Transport
from frisket.jobs.video.matting import describe_frames
from frisket.v1 import matting_pb2 as pb

EXPLAINED = 0.95
WIDTH, HEIGHT = 64, 48
LAYER = describe_frames(WIDTH, HEIGHT, 8, "standard")
OPTIONS = Options(model="fake")


class Logged:
    """A server and the lines of its access log."""

    def __init__(self, server: Server, log: Path) -> None:
        self.server, self._log = server, log

    def find(self, call: str) -> dict[str, Any]:
        """Return a call's line; it is written when the stream has ended."""
        wait_until(lambda: f'"{call}"' in self._log.read_text(), f"call {call} in the log")
        lines = map(json.loads, self._log.read_text().splitlines())
        return next(line for line in lines if line["id"] == call)


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    home = tmp_path_factory.mktemp("home")
    log = home / "calls.log"
    server = start_server(home, "--access-log", str(log))
    yield Logged(server, log)
    stop_server(server)


def cut(logged: Logged, source: Path, output: Path, *options: str) -> Any:
    token = source.with_name("token")
    token.touch(0o600)
    token.write_text(TOKEN)
    target = logged.server.address.target
    command = ("cut", source, "-o", output, "--server", target, "--token-file", token)
    return frisket(*command, *options)


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "in.png"
    Image.fromarray(noisy_disc(1600, 1200)).save(path, compress_level=1)
    return path


def test_the_report_and_the_log_name_a_call_alike_and_the_log_explains_its_time(
    logged: Logged, picture: Path, tmp_path: Path
) -> None:
    shares = []
    # What else the machine does counts as unexplained now and then.
    while len(shares) < 5 and max(shares, default=0.0) < EXPLAINED:
        done = cut(logged, picture, tmp_path / f"out{len(shares)}.png", "--json")
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        line = logged.find(said["call"])
        assert (line["outcome"], line["method"]) == ("OK", "Matte")
        assert (line["width"], line["height"]) == (1600, 1200)
        assert line["model"] == said["model"] and line["client"].startswith("frisket")
        assert {"client", "read", "model", "solve", "refine", "write"} <= line["stages"].keys()
        shares.append(line["explained"] / line["seconds"])
    assert EXPLAINED <= max(shares) <= 1.001, shares


def test_verbose_prints_the_call(logged: Logged, picture: Path, tmp_path: Path) -> None:
    done = cut(logged, picture, tmp_path / "out.png", "--verbose", "--model", "classic")
    [told] = [line for line in done.stdout.splitlines() if "server's log" in line]
    assert logged.find(told.split()[1])["model"] == "classic"


def test_an_error_names_the_call(logged: Logged, picture: Path, tmp_path: Path) -> None:
    done = cut(logged, picture, tmp_path / "out.png", "--model", "nobody")
    assert done.returncode != 0
    call = done.stderr.rpartition("(call ")[2].split()[0]
    assert logged.find(call)["outcome"] == "UNKNOWN_MODEL"
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("pure", [True, False], ids=["h2", "grpcio"])
def test_a_hostile_name_is_logged_clean_and_both_transports_know_the_call(
    logged: Logged, pure: bool
) -> None:
    address = logged.server.address
    transport: Transport = H2Transport(address) if pure else logged.server.connect()
    call = transport.matte()
    name = "evil\n\x1b[2J\u202e"
    call.send(pb.MatteRequest(open=pb.OpenRequest(protocol_version=1, client=name)))
    with pytest.raises(TransportError) as caught:
        call.receive(20)
    transport.close()
    line = logged.find(caught.value.call)
    assert line["outcome"] == "BAD_OPEN"
    assert "\x1b" not in line["client"] and "\n" not in line["client"]
    assert str(caught.value).endswith(f"(call {caught.value.call} in the server's log).")


def test_the_log_tells_who_sends_a_sequence_and_how_large_its_frames_are(logged: Logged) -> None:
    with contextlib.closing(logged.server.connect()) as transport:
        call, sequence = transport.sequence(), Sequence(LAYER, OPTIONS, client="a film")
        call.send(sequence.open())
        [(_, opened)] = sequence.receive(call.receive(30))
        call.finish()
        assert call.receive(30) is None
    line = logged.find(opened.call)
    assert line["method"] == "SequenceMatte"
    assert (line["client"], line["width"], line["height"]) == ("a film", WIDTH, HEIGHT)
