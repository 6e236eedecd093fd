"""Generate the Python code of the protocol beside its sources.

    python scripts/generate_protos.py           # write proto/frisket/v1/*_pb2*
    python scripts/generate_protos.py --check   # exit 1 when the committed code is stale

The generator is pinned to an old version on purpose: generated code refuses to run
with a protobuf older than its generator, so the generator's version is a floor for
every user. It lives in an environment of its own, `.venv-proto`, because it pins a
protobuf that the rest of the project does not want.
"""

from __future__ import annotations

import argparse
import filecmp
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
TOOLS = ROOT / ".venv-proto"
PINNED = ["grpcio-tools==1.71.2", "mypy-protobuf==3.6.0", "setuptools<81"]


def ensure_tools() -> Path:
    """Return the interpreter of the generator's environment, made when missing."""
    python = TOOLS / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    stamp = TOOLS / ".ready"
    if not stamp.exists() or stamp.read_text() != "\n".join(PINNED):
        venv.create(TOOLS, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PINNED], check=True)
        stamp.write_text("\n".join(PINNED))
    return python


def generate(python: Path, out: Path) -> None:
    """Write the messages, their stubs and the services below `out`."""
    sources = sorted(str(path) for path in PROTO.glob("frisket/v1/*.proto"))
    plugin = python.parent / "protoc-gen-mypy_grpc"
    subprocess.run(
        [
            python,
            "-m",
            "grpc_tools.protoc",
            f"-I{PROTO}",
            f"--plugin=protoc-gen-mypy_grpc={plugin}",
            f"--python_out={out}",
            f"--pyi_out={out}",
            f"--grpc_python_out={out}",
            f"--mypy_grpc_out={out}",
            *sources,
        ],
        check=True,
    )


def stale(fresh: Path) -> list[str]:
    """Name the generated files that differ from, or are missing in, the checkout."""
    new = {path.relative_to(fresh) for path in fresh.rglob("*_pb2*.py*")}
    old = {path.relative_to(PROTO) for path in PROTO.rglob("*_pb2*.py*")}
    old = {path for path in old if "__pycache__" not in path.parts}
    changed = {
        path for path in new & old if not filecmp.cmp(fresh / path, PROTO / path, shallow=False)
    }
    return sorted(str(path) for path in changed | (new ^ old))


def main() -> int:
    """Generate, or check, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    check = parser.parse_args().check
    python = ensure_tools()
    if not check:
        generate(python, PROTO)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        generate(python, Path(folder))
        differing = stale(Path(folder))
    for name in differing:
        print(f"proto/{name} is stale: run python scripts/generate_protos.py", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
