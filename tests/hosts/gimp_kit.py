"""What the cases in GIMP are made of: images, calls, and running them."""

import contextlib
import os
import threading
import time
from pathlib import Path

import gi
import lab_kit

gi.require_version("Gegl", "0.4")
from gi.repository import Babl, Gegl, Gimp  # noqa: E402

SUBJECT = "plug-in-frisket-cut-out-subject"
ANY = "plug-in-frisket-cut-out"
SELECTION = "plug-in-frisket-cut-out-from-selection"
REFINE = "plug-in-frisket-refine-mask"
SELECT = "plug-in-frisket-select-subject"
OK = Gimp.PDBStatusType.SUCCESS


def call(name, image, layers, **arguments):
    procedure = Gimp.get_pdb().lookup_procedure(name)
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", image)
    config.set_core_object_array("drawables", layers)
    for key, value in arguments.items():
        config.set_property(key.replace("_", "-"), value)
    return procedure.run(config).index(0), Gimp.get_pdb().get_last_error()


def good(name, image, layers, **arguments):
    status, error = call(name, image, layers, **arguments)
    assert status == OK, error


def refused(words, name, image, layers, **arguments):
    status, error = call(name, image, layers, **arguments)
    assert status != OK
    assert words in error, error


def check_mask(layer):
    """Check that a layer's mask is exact."""
    assert values(layer.get_mask()) == green(layer)


def rectangle(x, y, width, height):
    return Gegl.Rectangle.new(x, y, width, height)


def whole(drawable, babl):
    rect = rectangle(0, 0, drawable.get_width(), drawable.get_height())
    return drawable.get_buffer().get(rect, 1.0, babl, Gegl.AbyssPolicy.CLAMP)


def values(drawable):
    """The values of a mask, channel or selection as they are stored."""
    return whole(drawable, Babl.format_get_encoding(drawable.get_format()))


def green(layer):
    return whole(layer, "R'G'B' u8")[1::3]


def noise(width, height, precision=Gimp.Precision.U8_NON_LINEAR, canvas=None):
    canvas = canvas or (width, height)
    image = Gimp.Image.new_with_precision(*canvas, Gimp.ImageBaseType.RGB, precision)
    kind = Gimp.ImageType.RGBA_IMAGE
    layer = Gimp.Layer.new(image, "noise", width, height, kind, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    buffer = layer.get_buffer()
    buffer.set(rectangle(0, 0, width, height), "R'G'B'A u8", os.urandom(4 * width * height))
    buffer.flush()
    return image, layer


def strokes(image, *marks):
    """Paint rectangles on a layer of strokes: colour, and x, y, width, height on the canvas."""
    size = image.get_width(), image.get_height()
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
    layer = Gimp.Layer.new(image, "Frisket strokes", *size, kind, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    buffer = layer.get_buffer()
    for colour, place in marks:
        buffer.set_color(rectangle(*place), Gegl.Color.new(colour))
    buffer.flush()
    return layer


def placed(alpha, width, x, y, canvas):
    """Alpha of a layer at x, y, as seen from the canvas."""
    out = bytearray(canvas[0] * canvas[1])
    for row in range(len(alpha) // width):
        top = row + y
        if 0 <= top < canvas[1]:
            left, right = max(0, x), min(canvas[0], x + width)
            part = alpha[row * width + left - x : row * width + right - x]
            out[top * canvas[0] + left : top * canvas[0] + right] = part
    return bytes(out)


def wait_for(look, seconds=60):
    """Wait until something is so; return it."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
    return found


def mortal_server():
    """Have a server started that may be killed; return its process."""
    lab_kit.ask_for_mortal()
    wait_for(lab_kit.STATE.exists)
    time.sleep(0.2)
    return lab_kit.read_state()["pid"]


@contextlib.contextmanager
def meanwhile(act):
    """Do something to this GIMP's frisket, by its process, once the server has had tiles of it."""
    worker = threading.Thread(target=_act_on_plugin, args=(tiles_served(), act))
    worker.start()
    try:
        yield
    finally:
        worker.join()


def tiles_served():
    """How many tiles the server has answered so far."""
    return int(lab_kit.note("tiles") or 0)


def _act_on_plugin(before, act):
    wait_for(lambda: tiles_served() != before)
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes()
            # Another GIMP may run on this machine, with a lab of its own.
            ours = (entry / "root/lab").samefile("/lab")
        except OSError:
            continue
        if b"frisket-cutout.py" in words and ours:
            act(int(entry.name))


def run(cases):
    """Run every `case_...` of a namespace that has no result yet (or those chosen by hand)."""
    Gegl.init(None)
    for name in lab_kit.choose(cases):
        with lab_kit.noted(name, "GIMP"):
            cases[name]()
        for image in Gimp.get_images():
            image.delete()
