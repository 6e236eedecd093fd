"""Opens an image in a GIMP with a window and writes down what its layer's mask holds.

Runs as a batch command beside the person (or test) at the window; ends with the file
`/lab/enough`. GIMP kills who reads a mask that is just being undone: while there is a file
`/lab/quiet`, only whether there is a mask is written down. `/lab/do` is what another hand does to
the image meanwhile; it may open the photograph anew.
"""

import json
import os
import time
import zlib

import gi

gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, Gio  # noqa: E402


def state(image, layer, quiet):
    if not image.is_valid():
        return {"mask": None, "closed": True}
    names = {
        "layers": [each.get_name() for each in image.get_layers()],
        "channels": [each.get_name() for each in image.get_channels()],
        "foreground": [round(255 * part) for part in Gimp.context_get_foreground().get_rgba()[:3]],
        "selection": list(Gimp.Selection.bounds(image)[1:]),
        "selected": [each.get_name() for each in image.get_selected_layers()],
    }
    return {**names, **look(layer, quiet)}


def look(layer, quiet):
    if not layer.is_valid():
        return {"mask": None, "gone": True}
    place = list(layer.get_offsets()[1:])
    return {"place": place, **look_at_mask(layer, quiet)}


def look_at_mask(layer, quiet):
    mask = layer.get_mask()
    if mask is None or quiet:
        return {"mask": None if mask is None else True, "quiet": quiet}
    buffer = mask.get_buffer()
    if buffer is None:  # it was taken away in this moment
        return {"mask": None, "quiet": quiet}
    rect = Gegl.Rectangle.new(0, 0, mask.get_width(), mask.get_height())
    values = buffer.get(rect, 1.0, "Y u8", Gegl.AbyssPolicy.NONE)
    colours = layer.get_buffer().get(rect, 1.0, "R'G'B' u8", Gegl.AbyssPolicy.NONE)
    width, height = mask.get_width(), mask.get_height()
    return {
        "mask": zlib.crc32(values),
        "exact": values == colours[1::3],
        "middle": values[height * 6 // 10 * width + width * 4 // 10],
        "corner": values[0],
    }


def show_photo():
    """Open the photograph in a window; return image, layer and display."""
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path("/lab/photo.png"))
    display = Gimp.Display.new(image)
    layer = image.get_layers()[0]
    image.set_selected_layers([layer])
    image.clean_all()
    # One undo too many must not take the layer itself away.
    image.undo_disable()
    image.undo_enable()
    return {"image": image, "layer": layer, "display": display}


def show_large_photo(old):
    """Open the photograph anew, large, over a layer that it can be merged with."""
    scene = show_photo()
    # GIMP keeps an empty window when the last image is closed, and shows the next one in it.
    if old.is_valid() and old.get_id() != scene["display"].get_id():
        old.delete()
    image, layer = scene["image"], scene["layer"]
    size, normal = (image.get_width(), image.get_height()), Gimp.LayerMode.NORMAL
    below = Gimp.Layer.new(image, "below", *size, Gimp.ImageType.RGB_IMAGE, 100, normal)
    image.insert_layer(below, None, 1)
    image.scale(4800, 3600)
    image.set_selected_layers([layer])
    return scene


def main():
    Gegl.init(None)
    scene = show_photo()
    while not os.path.exists("/lab/enough"):
        if os.path.exists("/lab/do"):
            exec(open("/lab/do").read(), {**globals(), "scene": scene, "anew": show_large_photo})
            os.rename("/lab/do", "/lab/done")
        with open("/lab/state.new", "w") as file:
            json.dump(state(scene["image"], scene["layer"], os.path.exists("/lab/quiet")), file)
        os.replace("/lab/state.new", "/lab/state.json")
        time.sleep(0.1)


main()
