"""Runs inside GIMP: one layer of a size cut out, with what it took.

With FRISKET_ALONE, GIMP makes and fills the same mask through its own API, without the
plug-in: what that costs is GIMP's own.
"""

import json
import os
import time

import gi

gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, Gio  # noqa: E402

SIDE = 512


def load(path):
    return Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))


def memory():
    """Resident memory of GIMP itself, in KiB."""
    total = 0
    for entry in os.listdir("/proc"):
        try:
            name = open(f"/proc/{entry}/comm").read().strip()
            ours = os.path.samefile(f"/proc/{entry}/root/lab", "/lab")
            if ours and name.startswith("gimp-console"):
                lines = open(f"/proc/{entry}/status").read().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
        except OSError:
            continue
    return total


def settled():
    """Memory once GIMP has drawn what changed: it goes on drawing for a while."""
    last, end = memory(), time.time() + 40
    while time.time() < end:
        time.sleep(2)
        now = memory()
        if abs(now - last) < 1024:
            break
        last = now
    return last


def tiles(drawable):
    width, height = drawable.get_width(), drawable.get_height()
    for y in range(0, height, SIDE):
        for x in range(0, width, SIDE):
            yield Gegl.Rectangle.new(x, y, min(SIDE, width - x), min(SIDE, height - y))


def by_plugin(image, layer, name):
    procedure = Gimp.get_pdb().lookup_procedure("plug-in-frisket-cut-out-subject")
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", image)
    config.set_property("model", os.environ["FRISKET_MODEL"])
    config.set_core_object_array("drawables", [layer])
    before, start = settled(), time.time()
    result = procedure.run(config)
    assert result.index(0) == Gimp.PDBStatusType.SUCCESS, Gimp.get_pdb().get_last_error()
    grown = settled() - before
    marks = json.load(open("/tmp/marks.json"))
    peak = marks.pop("peak_kib")
    figures = {key: round(when - start, 3) for key, when in marks.items()}
    figures["plug-in's process MB"] = round(peak / 1024)
    figures["GIMP grew MB"] = round(grown / 1024)
    keep(layer.get_mask(), f"/lab/{name}.mask")
    return figures


def keep(mask, path):
    buffer = mask.get_buffer()
    with open(path, "wb") as file:
        for rect in tiles(mask):
            file.write(buffer.get(rect, 1.0, "Y u8", Gegl.AbyssPolicy.NONE))


def alone(image, layer, name):
    before, start = settled(), time.time()
    mask = layer.create_mask(Gimp.AddMaskType.BLACK)
    layer.add_mask(mask)
    buffer = mask.get_buffer()
    with open(f"/lab/{name}.mask", "rb") as file:
        for rect in tiles(mask):
            data = file.read(rect.width * rect.height)
            if any(data):
                buffer.set(rect, "Y u8", data)
    buffer.flush()
    mask.update(0, 0, mask.get_width(), mask.get_height())
    Gimp.displays_flush()
    seconds = time.time() - start
    return {
        "GIMP's own mask s": round(seconds, 3),
        "GIMP's own mask MB": round((settled() - before) / 1024),
    }


def main():
    Gegl.init(None)
    name = os.environ["FRISKET_PICTURE"]
    measure = alone if os.environ.get("FRISKET_ALONE") else by_plugin
    image = load(f"/lab/{name}")
    layer = image.get_layers()[0]
    with open("/lab/figures.json", "w") as file:
        json.dump(measure(image, layer, name), file)


main()
