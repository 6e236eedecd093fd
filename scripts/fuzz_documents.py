"""Throws damaged documents at the readers for a number of minutes.

    python scripts/fuzz_documents.py --minutes 2 [--seeds FOLDER] [--keep FOLDER] [--random]
    python scripts/fuzz_documents.py --random --seed 7 --files 5000     # the same ones each time

With atheris installed (``pip install atheris``) the mutations are guided by coverage, otherwise
they are random. Files are read, and results are spliced into copies of them. Anything but a
DocumentError is a finding, and so are a word on standard error and a copy that does not open: the
file is kept, its error printed, and the exit code is 1. Every file is read in a child process, so
a crash is a finding too.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_BATCH = 40
_LARGEST_SEED = 1 << 16
_AREA = 1 << 22
_MEMORY = 4 << 30
_BATCH_SECONDS = 120
_FILE_SECONDS = 30
INTERESTING = (
    b"\0", b"\xff", b"\x7f", b"\x80", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff",
    b"\x80\0\0\0", b"\0\0\0\x80",  # sizes of 2³¹, in both byte orders
)  # fmt: skip
_NUMBERS = (0, 1, 2, 3, 4, 8, 16, 255, 256, 1 << 15, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
_KINDS = ("alpha", "page", "mask", "selection", "layer")


def exercise(path: Path) -> None:
    """Open, list, read and reduce; only a DocumentError is allowed out."""
    from frisket.documents import DocumentError, Rect, open_document

    try:
        with open_document(path) as document:
            for layer in document.layers[:4]:
                if 0 < layer.width * layer.height <= _AREA:
                    raster = document.raster(layer)
                    raster.read(Rect(0, 0, min(16, raster.width), min(16, raster.height)))
                    raster.proxy(32)
    except DocumentError:
        pass
    splice_into(path)


def splice_into(path: Path) -> None:
    """Splice a result of each kind into a copy, which must open and hold the layers then."""
    from frisket.documents import DocumentError, open_document

    for kind in _KINDS:
        out = path.with_name(f"{path.stem}-{kind}.out{path.suffix}")
        count, number = -1, 0
        try:
            with open_document(path) as document:
                count = len(document.layers)
                number = splice_kind(document, out, kind)
        except DocumentError:
            if out.exists():
                raise AssertionError(f"a refusal of {kind} left a file behind") from None
        if number:
            check_copy(out, count)
            out.unlink()


def splice_kind(document: Any, out: Path, kind: str) -> int:
    """Splice into the first small layer that carries a kind; how many there were."""
    import numpy as np

    from frisket.documents import ArrayAlpha, LayerResult, ResultOptions

    for layer in document.layers[:4]:
        if kind in document.carries(layer) and 0 < layer.width * layer.height <= _AREA:
            alpha = ArrayAlpha(np.full((layer.height, layer.width), 99, np.uint8))
            options = ResultOptions(existing="multiply", convert=True)
            document.splice(kind, out, [LayerResult(layer, alpha)], options)
            return 1
    return 0


def check_copy(out: Path, count: int) -> None:
    """Open a copy again; it has every layer that there was."""
    from frisket.documents import DocumentError, differences, open_document

    with open_document(out) as copy:
        assert len(copy.layers) >= count, "layers were lost"
    with contextlib.suppress(DocumentError):  # its pixels may be damaged still
        assert differences(out, out) == []


def mutate(data: bytes, source: random.Random) -> bytes:
    """A few bytes changed, a stretch removed or doubled, or the end cut off."""
    changed = bytearray(data)
    if data[:4] in (b"II*\0", b"MM\0*") and source.random() < 0.5:
        contradict(changed, source)
        if source.random() < 0.5:
            return bytes(changed)
    for _ in range(source.randint(1, 8)):
        at = source.randrange(max(1, len(changed)))
        kind = source.randrange(4)
        if kind == 0:
            what = source.choice(INTERESTING)
            changed[at : at + len(what)] = what
        elif kind == 1:
            changed[at : at + 1] = bytes((source.randrange(256),))
        elif kind == 2:
            del changed[at : at + source.randint(1, 16)]
        else:
            changed[at:at] = changed[at : at + source.randint(1, 16)]
    if source.random() < 0.2:
        del changed[source.randint(1, len(changed) + 1) :]
    return bytes(changed)


def contradict(data: bytearray, source: random.Random) -> None:
    """Have tags of a TIFF's first directory say something else: other numbers, types or codes."""
    order = "<" if data[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", data, 4)
    if first + 2 > len(data):
        return
    (count,) = struct.unpack_from(order + "H", data, first)
    places = [at for at in range(first + 2, first + 2 + 12 * count, 12) if at + 12 <= len(data)]
    for at in source.choices(places, k=source.randint(1, 3)) if places else []:
        what = source.randrange(4)
        if what == 0:
            struct.pack_into(order + "I", data, at + 8, source.choice(_NUMBERS))
        elif what == 1:
            struct.pack_into(order + "I", data, at + 4, source.choice(_NUMBERS))
        elif what == 2:
            struct.pack_into(order + "H", data, at + 2, source.choice((*range(1, 20), 99)))
        else:
            data[at : at + 2] = data[source.choice(places) :][:2]


def seeds(folder: Path | None) -> list[tuple[str, bytes]]:
    """Small files of the folder, or one little document of each kind."""
    if folder is not None:
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        small = [path for path in files if path.stat().st_size <= _LARGEST_SEED]
        return [(path.suffix, path.read_bytes()) for path in small]
    return list(made())


def made() -> list[tuple[str, bytes]]:
    """Seeds that need nothing but the installed packages."""
    import io

    import numpy as np
    import tifffile
    from PIL import Image
    from psd_tools import PSDImage

    pixels = np.arange(32 * 24 * 3, dtype=np.uint8).reshape(24, 32, 3)
    found = []
    options: list[dict[str, object]] = [
        {"tile": (16, 16), "compression": "deflate"},
        {"compression": "lzw", "predictor": 2},
        {"compression": "packbits"},
        {"compression": "jpeg"},
        {"compression": "zstd"},
        {},
    ]
    for option in options:
        out = io.BytesIO()
        tifffile.imwrite(out, pixels, photometric="rgb", **option)
        found.append((".tif", out.getvalue()))
    document = PSDImage.new("RGB", (32, 24))
    document.create_pixel_layer(Image.fromarray(pixels), name="Layer")
    out = io.BytesIO()
    document.save(out)
    return [*found, (".psd", out.getvalue()), *stored_forms()]


def stored_forms() -> list[tuple[str, bytes]]:
    """One file of each form of samples that the tests store a picture in, layouts by turns."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    forms = import_module("storage_forms")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "form.tif")
        for form in list(forms.every_form())[::49]:
            forms.write(form, path)
            found.append((path.suffix, path.read_bytes()))
    return found


def child(batch: Path) -> int:
    """Read every file of a batch, naming each before, within limits of memory and time."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except ImportError:
        pass
    # What a library in C says goes past sys.stderr: the descriptor itself is watched.
    told = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        for path in sorted(batch.iterdir()):
            print(path.name, flush=True)
            try:
                exercise(path)
            except Exception:
                traceback.print_exc()
            sys.stderr.flush()
            if said.seek(0, os.SEEK_END):
                said.seek(0)
                os.write(told, said.read())
                return 1
    return 0


def run_batch(batch: Path, keep: Path) -> str | None:
    """None where all went well, else what happened; the file is kept."""
    command = [sys.executable, __file__, "--child", str(batch)]
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=_BATCH_SECONDS, check=False
        )
        code, output, errors = result.returncode, result.stdout, result.stderr
    except subprocess.TimeoutExpired as error:
        code, errors = -1, "it hangs"
        output = (error.stdout or b"").decode()
    if code == 0:
        return None
    path = batch / output.split()[-1]
    keep.mkdir(parents=True, exist_ok=True)
    kept = keep / f"{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}{path.suffix}"
    kept.write_bytes(path.read_bytes())
    return f"{kept}: exit {code}\n{errors.strip()}"


def random_search(options: argparse.Namespace) -> int:
    """Random mutations of the seeds until the time is over."""
    source = random.Random(options.seed)
    pool = seeds(options.seeds)
    end, count = time.monotonic() + options.minutes * 60, 0
    findings: list[str] = []
    while time.monotonic() < end and count < options.files and len(findings) < 5:
        with tempfile.TemporaryDirectory(prefix="frisket-fuzz-") as folder:
            for number in range(_BATCH):
                suffix, data = source.choice(pool)
                (Path(folder) / f"{number:03}{suffix}").write_bytes(mutate(data, source))
            found = run_batch(Path(folder), options.keep)
            count += _BATCH
            if found:
                findings.append(found)
                print(found, flush=True)
    print(f"{count} files, {len(findings)} findings, seed {options.seed}")
    return 1 if findings else 0


def guided_search(options: argparse.Namespace) -> int:
    """Mutations guided by coverage; atheris ends the process itself."""
    atheris = import_module("atheris")
    with atheris.instrument_imports(include=["frisket.documents"]):
        import_readers()

    folder = Path(tempfile.mkdtemp(prefix="frisket-fuzz-"))
    for number, (suffix, data) in enumerate(seeds(options.seeds)):
        (folder / f"{number:04}{suffix}").write_bytes(data)

    def one(data: bytes) -> None:
        path = folder.parent / f"{folder.name}-{os.getpid()}.bin"
        path.write_bytes(data)
        try:
            exercise(path)
        finally:
            path.unlink()

    options.keep.mkdir(parents=True, exist_ok=True)
    bounds = [
        f"-max_total_time={int(options.minutes * 60)}",
        f"-artifact_prefix={options.keep}/",
        f"-rss_limit_mb={_MEMORY >> 20}",
        f"-timeout={_FILE_SECONDS}",
        f"-seed={options.seed & 0x7FFFFFFF}",
    ]
    atheris.Setup([sys.argv[0], str(folder), *bounds], one)
    atheris.Fuzz()
    return 0


def import_readers() -> None:
    """Import every module of the readers, so that those imported late are instrumented too."""
    import pkgutil

    import frisket.documents

    for module in pkgutil.walk_packages(frisket.documents.__path__, "frisket.documents."):
        import_module(module.name)


def main() -> int:
    """Parse the options and search."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--files", type=int, default=1 << 62, help="stop after so many (random)")
    parser.add_argument("--seeds", type=Path, help="folder of documents to start from")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--random", action="store_true", help="without atheris")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child)
    guided = not options.random and find_spec("atheris") is not None
    return guided_search(options) if guided else random_search(options)


if __name__ == "__main__":
    sys.exit(main())
