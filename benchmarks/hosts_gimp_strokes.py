"""Runs inside a GIMP with a window: how long the first cut takes, and the answer to a stroke.

Somebody else opens *Put right with strokes*; this paints on its layer of strokes, and reads from
the plug-in's own marks when the answer was there.
"""

import json
import os
import statistics
import time

import gi

gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, Gio  # noqa: E402

MARKS = "/tmp/marks.json"
STROKES = 5


def open_picture():
    path = f"/lab/{os.environ['FRISKET_PICTURE']}"
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))
    Gimp.Display.new(image)
    image.set_selected_layers(image.get_layers())
    # What the script beside it waits for.
    with open("/lab/state.json", "w") as file:
        json.dump({"mask": None}, file)
    return image


def wait_for(look, seconds=120):
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)
    return found


def find_strokes(image):
    return next((one for one in image.get_layers() if one.get_name() == "Frisket strokes"), None)


def read_complete():
    try:
        return json.load(open(MARKS))["complete"]
    except (OSError, ValueError):
        return 0.0


def paint(layer, number):
    """Paint a stroke of Keep; the next one lies beside it."""
    width, height = layer.get_width(), layer.get_height()
    place = width * (30 + 8 * number) // 100, height // 2, width // 40, height // 8
    buffer = layer.get_buffer()
    buffer.set_color(Gegl.Rectangle.new(*place), Gegl.Color.new("#00c800"))
    buffer.flush()
    layer.update(*place)
    Gimp.displays_flush()


def measure(image):
    layer = wait_for(lambda: find_strokes(image))
    start = time.time()
    full = wait_for(read_complete) - start
    answers = []
    for number in range(STROKES):
        # The plug-in is at rest, and GIMP has drawn what was found.
        time.sleep(3)
        before, start = read_complete(), time.time()
        paint(layer, number)
        wait_for(lambda before=before: read_complete() > before)
        answers.append(read_complete() - start)
    share = statistics.median(answers) / full
    return {
        "first cut": round(full, 3),
        "stroke answered": round(statistics.median(answers), 3),
        "share of the first cut": round(share, 3),
    }


def main():
    Gegl.init(None)
    image = open_picture()
    figures = measure(image)
    with open("/lab/figures.new", "w") as file:
        json.dump(figures, file)
    os.replace("/lab/figures.new", "/lab/figures.json")
    while not os.path.exists("/lab/enough"):
        time.sleep(0.1)


main()
