"""The conformance suite on Krita's own layers and masks, in a worker thread as in a cutout."""

import gc
import threading
import time
import traceback

import krita_kit as kit
from frisket_cutout.mainthread import MainThread
from frisket_cutout.painting import Painter
from frisket_cutout.reading import LayerReader
from frisket_cutout.targetlayer import TargetLayer, find_mask, find_region

from frisket.hosts.conformance import HostConformance, list_checks
from frisket.hosts.pixels import to_bgra, to_rgb
from frisket.protocol.formats import PixelFormat

# Of 16 bits Krita thinks in linear light, unless a profile is named.
SRGB, GREY = "sRGB-elle-V2-srgbtrc.icc", "Gray-D50-elle-V2-srgbtrc.icc"
SPACES = {
    PixelFormat.RGB8: ("RGBA", "U8", SRGB),
    PixelFormat.RGB16: ("RGBA", "U16", SRGB),
    PixelFormat.GRAY8: ("GRAYA", "U8", GREY),
    PixelFormat.GRAY16: ("GRAYA", "U16", GREY),
}


class KritaStage:
    """Its methods are for the worker thread; it is made on the main thread."""

    depth = 8

    def __init__(self, main, doc, layer, make):
        self._main, self._doc, self._layer, self._make = main, doc, layer, make
        target_layer, region = TargetLayer(doc, layer), find_region(layer)
        old = find_mask(layer)
        self.reader = LayerReader(target_layer, main, region, False)
        self.painter = Painter(
            target_layer,
            main,
            region,
            make,
            lambda share, text: None,
            replaced=old.uniqueId() if old is not None else None,
            clean=self.reader.clean,
        )

    def finish(self):
        self.painter.finish()

    def alpha(self):
        return self._main.call(self._read_alpha)

    def colours(self):
        return self._main.call(lambda: to_rgb(kit.pixels(self._result(), self._doc)))

    def pixels(self):
        return self._main.call(lambda: to_rgb(kit.pixels(self._layer, self._doc)))

    def reopen(self):
        self.reader.close()
        return self._main.call(lambda: KritaStage(self._main, self._doc, self._layer, self._make))

    def close(self):
        self.reader.close()
        # Krita ends when a node goes before its Layers docker has drawn it.
        time.sleep(0.1)
        self._main.call(lambda: kit.close(self._doc))

    def _read_alpha(self):
        found = kit.masks(self._result())
        assert len(found) < 2, found
        if not found:
            return bytes(self._doc.width() * self._doc.height())
        return kit.pixels(found[0], self._doc)

    def _result(self):
        return self._doc.topLevelNodes()[-1] if self._make == "layer" else self._layer


class KritaConformance(HostConformance):
    formats = tuple(SPACES)
    # Krita's colour management rounds.
    tolerance = 1

    def __init__(self, main):
        self._main = main
        # Krita's objects must end on the main thread.
        self.kept = []

    def open(self, picture, make="mask"):
        return self._main.call(lambda: self._open(picture, make))

    def _open(self, picture, make):
        model, depth, profile = SPACES[picture.form]
        size = picture.width, picture.height
        doc, layer = kit.document(*size, model, depth, native(picture), profile)
        stage = KritaStage(self._main, doc, layer, make)
        self.kept.append((doc, layer, stage))
        return stage


def native(picture):
    """Opaque pixels as Krita keeps them."""
    deep = picture.form.depth == 16
    if picture.form.channels == 3:
        return to_bgra(picture.pixels, deep)
    size = picture.form.pixel_bytes
    out = bytearray(b"\xff" * (2 * len(picture.pixels)))
    for byte in range(size):
        out[byte :: 2 * size] = picture.pixels[byte::size]
    return bytes(out)


def make_case(name):
    """A case that runs one check beside Krita's event loop."""

    def case():
        yield 300
        failures, suite = [], KritaConformance(MainThread())
        thread = threading.Thread(target=try_check, args=(getattr(suite, name), failures))
        thread.start()
        while thread.is_alive():
            yield 20
        suite.kept.clear()
        gc.collect()
        assert not failures, failures[0]

    return case


def try_check(check, failures):
    try:
        check()
    except BaseException:
        failures.append(traceback.format_exc())


CASES = {f"case_{name}": make_case(name) for name in list_checks()}
