"""A real server on a real socket, and a picture to send it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from frisket.client.address import Address
from frisket.jobs.grpc_transport import GrpcTransport

TOKEN = "a-token-for-tests"


@dataclass(frozen=True)
class Server:
    """A server process and how to reach it."""

    process: subprocess.Popen[str]
    address: Address

    def connect(self) -> GrpcTransport:
        return GrpcTransport(self.address)


def start_server(
    home: Path,
    *options: str,
    token: str = TOKEN,
    log: Path | None = None,
    environment: dict[str, str] | None = None,
    program: tuple[str, ...] = ("-m", "frisket.server"),
) -> Server:
    own = {"FRISKET_HOME": str(home), "FRISKET_TOKEN": token, **(environment or {})}
    with Path(log or os.devnull).open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, *program, "--listen", "127.0.0.1:0", *options],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **own},
        )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said.startswith("frisket serves on "), said
    return Server(process, Address(said.split()[-1], token))


def stop_server(server: Server) -> None:
    server.process.kill()
    server.process.wait(10)


def noisy_disc(width: int, height: int, seed: int = 1) -> np.ndarray:
    """A bright disc on dark ground, with enough grain that every pixel's alpha differs."""
    y, x = np.mgrid[:height, :width]
    inside = np.hypot((x - width / 2) / width, (y - height / 2) / height) < 0.3
    picture = np.where(inside[..., None], (220, 170, 60), (30, 60, 110)).astype(np.int16)
    picture += np.random.default_rng(seed).integers(-20, 20, picture.shape, np.int16)
    return picture.clip(0, 255).astype(np.uint8)
