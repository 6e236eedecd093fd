"""A server's metrics as Prometheus reads them, with the models in a process of their own."""

from __future__ import annotations

import http.client
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from command import frisket, refused
from PIL import Image
from ports import refuse
from serving import Server, noisy_disc, start_server, stop_server
from waiting import wait_until

from frisket.client.address import Address
from frisket.client.errors import TransportError
from frisket.jobs.grpc_transport import GrpcTransport
from frisket.protocol.methods import GET_CAPABILITIES, MATTE_IMAGE
from frisket.v1 import matting_pb2 as pb

parser = pytest.importorskip("prometheus_client.parser")
Samples = dict[tuple[str, str], float]


class Metered:
    """A server and where it tells."""

    def __init__(self, server: Server, port: int) -> None:
        self.server, self.port = server, port

    def get(self, path: str = "/metrics", method: str = "GET", host: str = "") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Host": host} if host else {}
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def read(self) -> Samples:
        """Return the samples, each by its name and the values of its labels, by their names."""
        status, text = self.get()
        assert status == 200
        return {
            (one.name, " ".join(value for _, value in sorted(one.labels.items()))): one.value
            for family in parser.text_string_to_metric_families(text)
            for one in family.samples
        }


@pytest.fixture(scope="module")
def metered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metered]:
    home = tmp_path_factory.mktemp("home")
    log = home / "log"
    server = start_server(home, "--metrics", "0", log=log)
    wait_until(lambda: "metrics are told on" in log.read_text(), "the address of the metrics")
    found = re.search(r"http://127\.0\.0\.1:(\d+)/metrics", log.read_text())
    assert found
    yield Metered(server, int(found[1]))
    stop_server(server)


def matte(server: Server, model: str = "classic") -> None:
    buffer = io.BytesIO()
    Image.fromarray(noisy_disc(300, 200)).save(buffer, "PNG")
    request = pb.MatteImageRequest(image=buffer.getvalue(), options=pb.MatteOptions(model=model))
    transport = server.connect()
    transport.unary(MATTE_IMAGE, request.SerializeToString(), 60)
    transport.close()


def test_a_picture_is_counted_in_every_stage(metered: Metered) -> None:
    before = metered.read()
    matte(metered.server, "embedded")
    after = metered.read()

    def grown(name: str, label: str = "") -> float:
        return after.get((name, label), 0.0) - before.get((name, label), 0.0)

    assert grown("frisket_request_duration_seconds_count", "MatteImage OK") == 1
    for stage in ("read", "load", "model", "solve", "refine", "write"):
        assert grown("frisket_stage_duration_seconds_count", stage) >= 1, stage
    assert grown("frisket_queue_duration_seconds_count", "first_mask") >= 1
    assert grown("frisket_batch_size_count") == 1
    whole = grown("frisket_request_duration_seconds_sum", "MatteImage OK")
    model = grown("frisket_stage_duration_seconds_sum", "model")
    assert 0 < model < whole, "the model's run in its own process is part of the call"
    assert all(after["frisket_pending", one] == 0 for one in ("first_mask", "tile", "batch"))


@pytest.mark.parametrize(("names", "gives_way"), [(("a",), False), (("a", "b"), True)])
def test_a_cut_of_several_files_gives_way_to_others(
    metered: Metered,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: tuple[str, ...],
    gives_way: bool,
) -> None:
    pictures = [tmp_path / f"{name}.png" for name in names]
    for picture in pictures:
        Image.fromarray(noisy_disc(300, 200)).save(picture)
    monkeypatch.setenv("FRISKET_TOKEN", metered.server.address.token)
    key, before = ("frisket_queue_duration_seconds_count", "batch"), metered.read()
    target = metered.server.address.target
    done = frisket("cut", *pictures, "-o", f"{tmp_path}/", "--model", "classic", "--server", target)
    assert done.returncode == 0, done.stderr
    assert (metered.read().get(key, 0) > before.get(key, 0)) == gives_way


def test_models_and_places_are_told(metered: Metered) -> None:
    matte(metered.server, "embedded")
    key = ("frisket_model_resident_bytes", "cpu embedded")
    wait_until(lambda: key in metered.read(), "the model is told")
    found = metered.read()
    assert found["frisket_model_resident_bytes", "cpu embedded"] > 0
    assert found["frisket_sessions_limit", ""] == 32
    assert found["frisket_peak_bytes", ""] > 1 << 20


def test_reasons_are_counted_and_nothing_that_a_peer_says_becomes_a_label(
    metered: Metered,
) -> None:
    said = 'x"}\n# evil'
    with pytest.raises(TransportError):
        matte(metered.server, said)
    stranger = GrpcTransport(Address(metered.server.address.target, "evil-token-1234"))
    with pytest.raises(TransportError):
        stranger.unary(GET_CAPABILITIES, b"", 20)
    stranger.close()
    found = metered.read()
    assert found["frisket_errors_total", "UNKNOWN_MODEL"] >= 1
    assert found["frisket_errors_total", "BAD_TOKEN"] >= 1
    assert "evil" not in metered.get()[1]


@pytest.mark.parametrize(
    ("path", "method", "host", "status"),
    [
        ("/", "GET", "", 404),
        ("/metrics", "POST", "", 405),
        ("/metrics", "GET", "rebound.example:80", 403),
        ("/metrics", "HEAD", "", 200),
    ],
)
def test_only_the_metrics_are_answered_and_only_on_this_machine(
    metered: Metered, path: str, method: str, host: str, status: int
) -> None:
    assert metered.get(path, method, host)[0] == status


def test_a_port_that_is_taken_is_refused(metered: Metered, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "frisket.server", "--metrics", str(metered.port)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert ran.returncode == 7
    assert f"--metrics: port {metered.port} cannot be listened on" in ran.stderr


def test_the_bytes_are_those_of_a_server_without_metrics(
    metered: Metered, server: Server, photograph: Path, tmp_path: Path
) -> None:
    request = pb.MatteImageRequest(image=photograph.read_bytes()).SerializeToString()
    answers = []
    for one in (metered.server, server):
        transport = one.connect()
        answers.append(pb.MatteImageResponse.FromString(transport.unary(MATTE_IMAGE, request, 60)))
        transport.close()
    assert np.array_equal(*[np.frombuffer(one.image, np.uint8) for one in answers])


def test_top_reads_the_metrics_and_nothing_else(metered: Metered) -> None:
    matte(metered.server)
    said = frisket("server", "top", metered.port, "--once")
    assert said.returncode == 0, said.stderr
    assert "stages: solve" in said.stdout and "of 32 places taken" in said.stdout
    told = json.loads(frisket("server", "top", metered.port, "--json").stdout)
    calls = told["durations"]["frisket_request_duration_seconds"]["MatteImage OK"]
    assert calls["count"] >= 1 and calls["p50"] > 0


def test_top_says_when_nothing_tells(metered: Metered) -> None:
    grpc_port = metered.server.address.target.rpartition(":")[2]
    assert "tells no metrics" in refused(7, "server", "top", grpc_port, "--once")
    with refuse() as address:
        port = address.rpartition(":")[2]
        assert "Nothing answers" in refused(7, "server", "top", port, "--once")
