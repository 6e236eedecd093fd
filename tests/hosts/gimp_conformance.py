"""The conformance suite on GIMP's own layers and masks."""

import gc

import gimp_kit as kit
from frisket_gimp.cut import Cut
from frisket_gimp.paint import Progress
from gi.repository import Gimp

from frisket.hosts.conformance import HostConformance, list_checks
from frisket.hosts.request import CutRequest
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import TileRect

BABL = {
    PixelFormat.GRAY8: "Y' u8",
    PixelFormat.GRAY16: "Y' u16",
    PixelFormat.RGB8: "R'G'B' u8",
    PixelFormat.RGB16: "R'G'B' u16",
}


class GimpStage:
    def __init__(self, image, layer, make):
        self._image, self._layer, self._make = image, layer, make
        precision = image.get_precision()
        self.depth = 8 if precision == Gimp.Precision.U8_NON_LINEAR else 16
        self._colours = "R'G'B' u8" if self.depth == 8 else "R'G'B' u16"
        cut = Cut(image, layer, CutRequest(make=make, decontaminate=True), None, Progress())
        self.reader, self.painter = cut.reader, cut.make_painter()

    def finish(self):
        self.painter.finish()

    def alpha(self):
        mask = self._result().get_mask()
        if mask is None:
            return bytes(self._layer.get_width() * self._layer.get_height() * self.depth // 8)
        return kit.whole(mask, "Y u8" if self.depth == 8 else "Y u16")

    def colours(self):
        return kit.whole(self._result(), self._colours)

    def pixels(self):
        return kit.whole(self._layer, self._colours)

    def reopen(self):
        # GIMP ends a process that writes what is left of a buffer when its image is gone. A
        # cancelled plug-in does not come to that: its process is killed.
        self.reader = self.painter = None
        gc.collect()
        return GimpStage(self._image, self._layer, self._make)

    def close(self):
        self._image.delete()

    def _result(self):
        return self._image.get_layers()[0] if self._make == "layer" else self._layer


class GimpConformance(HostConformance):
    formats = tuple(BABL)
    # GEGL goes from grey to RGB by way of linear light.
    tolerance = 1

    def open(self, picture, make="mask"):
        precision = Gimp.Precision.U8_NON_LINEAR
        if picture.form.depth == 16:
            precision = Gimp.Precision.U16_NON_LINEAR
        grey = picture.form.channels == 1
        base = Gimp.ImageBaseType.GRAY if grey else Gimp.ImageBaseType.RGB
        kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
        size = picture.width, picture.height
        image = Gimp.Image.new_with_precision(*size, base, precision)
        layer = Gimp.Layer.new(image, "picture", *size, kind, 100, Gimp.LayerMode.NORMAL)
        image.insert_layer(layer, None, 0)
        buffer = layer.get_buffer()
        buffer.set(kit.rectangle(0, 0, *size), BABL[picture.form], picture.pixels)
        buffer.flush()
        return GimpStage(image, layer, make)


def case_a_tile_partly_beyond_the_canvas_is_cleared():
    image, layer = kit.noise(40, 30, canvas=(30, 20))
    layer.set_offsets(-10, -5)
    painter = Cut(image, layer, CutRequest(make="channel"), None, Progress()).make_painter()
    tile = TileRect(0, 0, 16, 16)
    painter.paint(tile, b"\x40" * 256, True)
    painter.fill(tile, False)
    painter.finish()
    assert not any(kit.values(image.get_channels()[0]))


CASES = {f"case_{name}": getattr(GimpConformance(), name) for name in list_checks()}
