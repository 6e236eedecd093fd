"""Runs inside GIMP: one layer of a size cut out, with what it took."""

import json
import os
import time

import gi

gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, Gio  # noqa: E402


def load(path):
    return Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(path))


def memory():
    """Resident memory of GIMP itself, in KiB."""
    total = 0
    for entry in os.listdir("/proc"):
        try:
            name = open(f"/proc/{entry}/comm").read().strip()
            if entry.isdigit() and name.startswith("gimp-console"):
                lines = open(f"/proc/{entry}/status").read().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
        except OSError:
            continue
    return total


def once(path):
    image = load(path)
    layer = image.get_layers()[0]
    procedure = Gimp.get_pdb().lookup_procedure("plug-in-frisket-cut-out-subject")
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    config.set_property("image", image)
    config.set_property("model", os.environ["FRISKET_MODEL"])
    config.set_core_object_array("drawables", [layer])
    before, start = memory(), time.time()
    result = procedure.run(config)
    assert result.index(0) == Gimp.PDBStatusType.SUCCESS, Gimp.get_pdb().get_last_error()
    marks = json.load(open("/tmp/marks.json"))
    peak = marks.pop("peak_kib")
    figures = {name: round(when - start, 3) for name, when in marks.items()}
    figures["plug-in peak MB"] = round(peak / 1024)
    figures["GIMP grew MB"] = round((memory() - before) / 1024)
    image.delete()
    return figures


Gegl.init(None)
results = {}
for name in json.loads(os.environ["FRISKET_PICTURES"]):
    results[name] = [once(f"/lab/{name}") for _ in range(int(os.environ["FRISKET_RUNS"]))]
    with open("/lab/gimp.json", "w") as file:
        json.dump(results, file)
