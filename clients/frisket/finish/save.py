"""Writing finished pictures: libvips encodes what loses, frisket's own writers the rest."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from frisket.documents import OutputError
from frisket.documents.core.pixels import Pixels
from frisket.documents.encode import png
from frisket.documents.encode.beside import Beside
from frisket.documents.encode.tiled import TiledPlan, TiledWriter, encode_tile
from frisket.documents.io.output import Output, atomic_output
from frisket.documents.io.parallel import map_ordered

from .formats import LAYERED, check_side, find_format
from .private import make_private
from .readers import SHADOW
from .scene import Scene, Sheet
from .space import Space
from .vips import Image, load_vips, make_plane, to_array

_PHOTOMETRIC = {"GRAY": 1, "RGB": 2, "CMYK": 5}
_LEAST_QUALITY = 20
_BAND_ROWS = 512
# Encoders take whole rows, and libvips holds some of them for each step that they go through.
_WIDE = 16_384
_MM_PER_INCH = 25.4
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_JPEG = (".jpg", ".jpeg")
_SEGMENT = 60_000  # bytes that libvips surely writes; what does not fit it leaves out silently
_TOO_LARGE = {
    "exif-data": "its EXIF, which is too large for a JPEG",
    "xmp-data": "its XMP, which is too large for a JPEG",
    "iptc-data": "its IPTC record, which is too large for a JPEG",
}


@dataclass(frozen=True)
class Save:
    """How finished pictures are written.

    Attributes:
        quality: 1 to 100, of formats that lose; 100 is lossless in WebP.
        max_bytes: what a file may have at most; quality falls for it. 0 for any size.
        dpi: dots an inch that the file tells of; 0 for the canvas's or the document's.
        metadata: "keep", "private" (without place, serial numbers and owner) or "none".
        icc: "keep", "srgb", or the path of a profile that colours are converted to.
        bits: 8, 10 or 16; 0 for the picture's own.
        also: suffixes of more files beside the output, with the same picture; `SHADOW` for one
            that holds the shadows alone.
        overwrite: whether those may take the place of others.
        shadows_only: whether the output itself holds the shadows alone.
    """

    quality: int = 90
    max_bytes: int = 0
    dpi: float = 0.0
    metadata: str = "keep"
    icc: str | Path = "keep"
    bits: int = 0
    also: tuple[str, ...] = ()
    overwrite: bool = False
    shadows_only: bool = False

    def list_outputs(self, output: Path) -> tuple[Path, ...]:
        """Return all files that are written, the output first."""
        more = (output.with_suffix(suffix) for suffix in self.also if suffix != SHADOW)
        apart = self.name_shadow(output)
        return tuple(dict.fromkeys((output, *more, *([apart] if apart else []))))

    def name_shadow(self, output: Path) -> Path | None:
        """Return the file of the shadows alone, which holds transparency; None without one."""
        if SHADOW not in self.also:
            return None
        plain = find_format(output).has_alpha and output.suffix.lower() not in LAYERED
        return output.with_name(f"{output.stem}-shadow{output.suffix if plain else '.png'}")

    def holds_shadows(self, path: Path, output: Path) -> bool:
        """Tell whether a file of an output's holds the shadows alone."""
        return self.shadows_only or path == self.name_shadow(output)

    def split(self, output: Path) -> list[tuple[Path, Save]]:
        """Return every file by itself, and how it is written without the others."""
        alone = replace(self, also=(), overwrite=False)
        return [
            (path, replace(alone, shadows_only=self.holds_shadows(path, output)))
            for path in self.list_outputs(output)
        ]

    def choose_beside(self, beside: Beside, dpi: float, is_converted: bool) -> Beside:
        """Return what goes along with the picture.

        Args:
            beside: what the document says.
            dpi: of the canvas, or 0.
            is_converted: whether the colours are not the document's, so that what it says of them
                is no longer true.
        """
        told = replace(beside, place=None)
        if is_converted:
            told = replace(told, png=tuple(one for one in told.png if one[0] in _TEXTS))
        if self.metadata == "none":
            told = Beside(resolution=beside.resolution, lost=beside.lost)
        elif self.metadata == "private":
            told = make_private(told)
        dots = self.dpi or dpi
        return replace(told, resolution=(dots, dots)) if dots else told


@dataclass(frozen=True)
class Finished:
    """A picture that is ready to be written.

    Attributes:
        scene: its sheets and their colours.
        beside: what goes along with it.
    """

    scene: Scene
    beside: Beside

    @property
    def space(self) -> Space:
        """What its colours mean."""
        return self.scene.space

    @cached_property
    def sheet(self) -> Sheet:
        """Its pixels; without coverage it is opaque."""
        return self.scene.flatten()

    def take_shadows(self) -> Finished:
        """Return the shadows alone."""
        return replace(self, scene=self.scene.take_shadows())

    @property
    def image(self) -> Image:
        """Colours, and opacity last where there is any."""
        colours, cover = self.sheet.colours, self.sheet.coverage
        joined = colours if cover is None else colours.bandjoin(cover)
        return joined.copy(interpretation=self.space.name)


def save(done: Finished, path: Path, how: Save) -> None:
    """Write a picture, beside its place first and then in one step.

    Raises:
        OutputError: it cannot be written, or not within the bytes it may have.
    """
    image = done.image
    check_side(path, image.width, image.height)
    if find_format(path).is_lossy:
        _save_lossy(done, path, how)
        return
    write, room = _choose_writer(done, path)
    with atomic_output(path, room) as file:
        write(file)
        if how.max_bytes and file.tell() > how.max_bytes:
            raise OutputError(
                path, f"it has {file.tell()} bytes, and {how.max_bytes} are allowed",
                advice="write .jpg, .webp or .avif, or choose a smaller --canvas",
            )  # fmt: skip


def _choose_writer(done: Finished, path: Path) -> tuple[Callable[[Output], None], int]:
    """Return what writes a file without loss, and the room that it is sure to need."""
    suffix = path.suffix.lower()
    if suffix in LAYERED:
        from frisket.documents.psd.layered import check_room, write_layered

        from .layered import plan_layers

        plan = plan_layers(done.scene, done.beside, path)
        check_room(str(path), plan)
        return lambda file: write_layered(file, plan), plan.room
    write = _write_png if suffix == ".png" else _write_tiff
    return lambda file: write(file, done), 0


def _save_lossy(done: Finished, path: Path, how: Save) -> None:
    image = describe(done, path)
    if not how.max_bytes:
        image = done.scene.work.keep(image) if image.width > _WIDE else image
        with atomic_output(path) as file:
            _encode(image, path, how.quality, how.bits, file.descriptor)
        return
    kept = done.scene.work.keep(image)
    quality, part = _fit_bytes(kept, path, how, done.scene.work.folder)
    if part.stat().st_size > how.max_bytes:
        raise OutputError(
            path, f"it has {part.stat().st_size} bytes even at quality {quality}, and "
            f"{how.max_bytes} are allowed", advice="choose a smaller --canvas",
        )  # fmt: skip
    with atomic_output(path, part.stat().st_size) as file, part.open("rb") as source:
        while block := source.read(1 << 20):
            file.write(block)


def _fit_bytes(image: Image, path: Path, how: Save, folder: Path) -> tuple[int, Path]:
    """Return the best quality within the bytes, or the least, and the file that has it."""
    tried: dict[int, Path] = {}

    def encode(quality: int) -> Path:
        part = folder / f"{quality}{path.suffix.lower()}"
        with part.open("wb") as file:
            _encode(image, path, quality, how.bits, file.fileno())
        tried[quality] = part
        return part

    low, high = min(_LEAST_QUALITY, how.quality), how.quality
    if encode(high).stat().st_size <= how.max_bytes:
        return high, tried[high]
    while low < high:
        middle = (low + high) // 2
        if encode(middle).stat().st_size <= how.max_bytes:
            low = middle + 1
        else:
            high = middle
    fitting = [one for one in tried if tried[one].stat().st_size <= how.max_bytes]
    best = max(fitting) if fitting else min(tried)
    return best, tried[best]


def check_encoder(path: Path, bits: int) -> None:
    """Refuse before any work a format that the libvips of this machine does not write.

    Raises:
        OutputError: it does not; a libvips that is older writes no AVIF of 10 bits.
    """
    if find_format(path).is_lossy and not _can_encode(path.suffix.lower(), bits):
        raise OutputError(
            path, f"the libvips that is installed writes no {path.suffix.lower()} of {bits} bits",
            advice="upgrade the package pyvips-binary, or write another format or --bits 8",
        )  # fmt: skip


@cache
def _can_encode(suffix: str, bits: int) -> bool:
    dot = make_plane(16, 16, (0, 0, 0), 8 if bits == 8 else 16)
    dot = dot.copy(interpretation="srgb" if bits == 8 else "rgb16")
    options = {"compression": "av1", "bitdepth": bits} if suffix == ".avif" else {}
    try:
        dot.write_to_buffer(suffix, **options)
    except load_vips().Error:
        return False
    return True


def _encode(image: Image, path: Path, quality: int, bits: int, descriptor: int) -> None:
    suffix = path.suffix.lower()
    options: dict[str, Any] = {"Q": quality}
    if suffix == ".webp":
        options["lossless"] = quality == 100
    elif suffix == ".avif":
        options |= {"compression": "av1", "bitdepth": bits or 8, "effort": 3}
    vips = load_vips()
    try:
        image.write_to_target(vips.Target.new_to_descriptor(descriptor), suffix, **options)
    except vips.Error as error:
        reason = str(error.detail or error).strip().splitlines()[-1]
        raise OutputError(path, f"libvips cannot write it ({reason})") from error


def describe(done: Finished, path: Path) -> Image:
    """Return the picture with what libvips writes beside the pixels."""
    image, beside = done.image, done.beside
    if beside.resolution:
        across, down = (one / _MM_PER_INCH for one in beside.resolution)
        image = image.copy(xres=across, yres=down)
    fields = _list_fields(beside)
    if path.suffix.lower() in _JPEG:
        fields = {name: data for name, data in fields.items() if len(data) <= _SEGMENT}
    else:
        del fields["iptc-data"]
    if done.space.mode != "GRAY" or path.suffix.lower() in _JPEG:
        fields["icc-profile-data"] = done.space.icc or b""
    kind = load_vips().GValue.blob_type
    for name, data in fields.items():
        if data:
            image.set_type(kind, name, data)
    return image


def _list_fields(beside: Beside) -> dict[str, bytes]:
    """Return the metadata that libvips writes into a JPEG, by its names."""
    exif = beside.pack_exif(resolution=True)
    return {
        "exif-data": b"Exif\0\0" + exif if exif else b"",
        "xmp-data": beside.upright_xmp,
        "iptc-data": _pack_iptc(beside.iptc) if beside.iptc else b"",
    }


def _pack_iptc(records: bytes) -> bytes:
    """Return an APP13 segment of a JPEG with the IPTC resource."""
    head = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(records))
    return head + records + bytes(len(records) % 2)


def tell_lost(beside: Beside, path: Path) -> list[str]:
    """Return what a file of this suffix is written without."""
    suffix = path.suffix.lower()
    lost = beside.tell_lost(suffix, coloured=True, profile=True)
    if suffix in (*_JPEG, *LAYERED):
        lost = [one for one in lost if one != "its IPTC record"]
    if suffix in _JPEG:
        fields = _list_fields(beside)
        lost += [words for name, words in _TOO_LARGE.items() if len(fields[name]) > _SEGMENT]
    return lost


def _write_png(file: Output, done: Finished) -> None:
    image = done.image
    depth = done.space.depth
    chunks = done.beside.list_chunks(coloured=True, profile=done.space.icc is not None)
    plan = png.PngPlan(
        image.width, image.height, image.bands, depth, done.space.icc, level=4, chunks=chunks
    )
    png.write_png(file, plan, png.read_from_bands(_read_bands(done)))


def _read_bands(done: Finished) -> Iterator[tuple[int, Pixels]]:
    image = done.image
    for y in range(0, image.height, _BAND_ROWS):
        rows = min(_BAND_ROWS, image.height - y)
        yield y, to_array(image.crop(0, y, image.width, rows))


def _write_tiff(file: Output, done: Finished) -> None:
    image, beside = done.image, done.beside
    plan = TiledPlan(
        image.width, image.height, image.bands, np.dtype(f"u{done.space.depth // 8}"),
        _PHOTOMETRIC[done.space.mode], (2,) * (image.bands - done.space.channels),
        done.space.icc, tile=_BAND_ROWS, predictor=2, extra_tags=beside.list_tags(),
        below=tuple(beside.description.below()),
    )  # fmt: skip
    writer = TiledWriter(file, plan)
    for data in map_ordered(lambda tile: encode_tile(plan, tile), _read_tiles(done), ahead=4):
        writer.add(data)
    writer.finish()


def _read_tiles(done: Finished) -> Iterator[Pixels]:
    for _, rows in _read_bands(done):
        for x in range(0, rows.shape[1], _BAND_ROWS):
            yield rows[:, x : x + _BAND_ROWS]
