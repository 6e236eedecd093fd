"""What a command leaves out of its start is there when something uses it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_BEGIN = "import sys; from frisket.cli.lighter import postpone_rare_modules as p; p(); p(); "


def _run(code: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _BEGIN + code],
        capture_output=True, text=True, env={**os.environ, **variables}, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_grpc_for_asyncio_is_loaded_when_it_is_used() -> None:
    code = (
        "import grpc; before = 'grpc.aio._channel' in sys.modules; "
        "print(before, grpc.aio.Channel.__name__, 'grpc.aio._channel' in sys.modules)"
    )
    assert _run(code) == "False Channel True"


@pytest.mark.parametrize("implementation", ["", "python"])
def test_messages_are_read_and_written(implementation: str) -> None:
    code = (
        "from frisket.v1 import matting_pb2 as pb; sent = pb.OpenRequest(width=7, client='me'); "
        "got = pb.OpenRequest.FromString(sent.SerializeToString()); print(got == sent, got.width)"
    )
    variable = "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"
    chosen = {variable: implementation} if implementation else {}
    assert _run(code, **chosen) == "True 7"


def test_a_cut_loads_nothing_that_uses_grpc_for_asyncio() -> None:
    code = "import frisket.cli.cut, frisket.jobs.many; print('grpc.aio._channel' in sys.modules)"
    assert _run(code) == "False"
