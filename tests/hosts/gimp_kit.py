"""What the cases in GIMP are made of: images, calls, and running them."""

import json
import os
import time
import traceback

import gi

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
    layer = Gimp.Layer.new(
        image, "Frisket strokes", *size, Gimp.ImageType.RGBA_IMAGE, 100, Gimp.LayerMode.NORMAL
    )
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


def run(cases):
    """Run every `case_...` of a namespace that has no result yet (or those chosen by hand)."""
    Gegl.init(None)
    path = "/lab/results.json"
    results = json.load(open(path)) if os.path.exists(path) else {}
    wanted = os.environ.get("FRISKET_CASES", "").split()
    for name in wanted or [name for name in cases if name.startswith("case_")]:
        if name in results:
            continue
        start = time.monotonic()
        results[name] = {"error": "GIMP ended in this case"}
        write(results)
        try:
            cases[name]()
            results[name] = {"error": ""}
        except BaseException:
            results[name] = {"error": traceback.format_exc()}
        results[name]["seconds"] = round(time.monotonic() - start, 2)
        for image in Gimp.get_images():
            image.delete()
        write(results)


def write(results):
    with open("/lab/results.new", "w") as file:
        json.dump(results, file)
    os.replace("/lab/results.new", "/lab/results.json")
