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


def test_a_cut_loads_nothing_for_asyncio() -> None:
    code = (
        "import frisket.cli.cut, frisket.jobs.many; "
        "print({'grpc.aio._channel', 'asyncio.events'} & set(sys.modules))"
    )
    assert _run(code) == "set()"


def test_a_cut_on_this_machine_loads_no_tls() -> None:
    code = (
        "import frisket.cli.cut, frisket.jobs.many, frisket.documents.write.cutout; "
        "print({'ssl', 'frisket.finish.geometry', 'frisket.documents.encode.exr'} "
        "& set(sys.modules))"
    )
    assert _run(code) == "set()"


def test_asyncio_is_there_for_whoever_uses_it() -> None:
    code = (
        "import grpc, asyncio.subprocess; from asyncio import sleep; "
        "print(asyncio.run(sleep(0, 'slept')), asyncio.subprocess.PIPE)"
    )
    assert _run(code) == "slept -1"


def test_arrays_work_without_the_docstrings_of_numpy() -> None:
    code = "import numpy as np; print(np.arange(3).sum(), np.float32(1).item(), np.uint8.__name__)"
    assert _run(code) == "3 1.0 uint8"


def test_types_of_arrays_are_there_without_their_manual() -> None:
    code = "import numpy as np, numpy.typing as npt; print(npt.NDArray[np.uint8].__args__[1])"
    assert _run(code) == "numpy.dtype[numpy.uint8]"


def test_a_process_of_its_own_looks_for_garbage_after_its_start_and_a_caller_all_the_time() -> None:
    code = (
        "import gc; from frisket.cli.lighter import load_quickly, own_process\n"
        "def look():\n"
        "    with load_quickly():\n"
        "        print(gc.isenabled(), end=' ')\n"
        "    print(gc.isenabled(), gc.get_freeze_count() > 0, end=' ')\n"
        "look(); own_process(); look()"
    )
    assert _run(code) == "True True False False True True"
