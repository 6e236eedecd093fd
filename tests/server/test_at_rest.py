"""A server at rest holds only what it needs for that."""

from __future__ import annotations

import subprocess
import sys

FEW_NEED = {"PIL", "http", "onnxruntime", "prometheus_client"}


def test_what_few_ask_for_is_not_imported_at_the_start() -> None:
    code = "import sys, frisket.server.main, frisket.server.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE)
    assert not FEW_NEED & {name.partition(".")[0] for name in done.stdout.decode().split()}
