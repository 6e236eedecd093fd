"""What GIMP sees in documents that frisket wrote. Runs in GIMP's own Python, not in pytest.

For every file of `/lab/files`: the layers' masks and alphas, the channels, and each path as the
selection that it makes, as raw bytes in `/lab/seen`, and what they are in `/lab/results.json`.
"""

import json
import os
import traceback

import gi

gi.require_version("Babl", "0.1")
gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
from gi.repository import Babl, Gegl, Gimp, Gio  # noqa: E402


def bytes_of(drawable, pixel):
    rect = Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())
    return bytes(drawable.get_buffer().get(rect, 1.0, pixel, Gegl.AbyssPolicy.CLAMP))


def every(layers):
    for layer in layers:
        yield layer
        if layer.is_group():
            yield from every(layer.get_children())


def keep(seen, name, kind, drawable, letter):
    deep = "u16" if "16" in str(drawable.get_image().get_precision().value_nick) else "u8"
    path = f"/lab/seen/{len(os.listdir('/lab/seen'))}"
    with open(path, "wb") as file:
        file.write(bytes_of(drawable, letter + deep))
    seen.append({"name": name, "kind": kind, "path": path, "type": deep,
                 "size": [drawable.get_width(), drawable.get_height()]})  # fmt: skip


def look(file):
    image = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(file))
    seen = []
    for layer in every(image.get_layers()):
        place = list(layer.get_offsets())[1:]
        seen.append({"name": layer.get_name(), "kind": "layer", "shown": layer.get_visible(),
                     "place": place})  # fmt: skip
        if layer.get_mask():
            keep(seen, layer.get_name(), "mask", layer.get_mask(), "Y ")
        if layer.has_alpha() and not layer.is_group():
            keep(seen, layer.get_name(), "alpha", layer, "A ")
    for channel in image.get_channels():
        # A channel's values are stored as they are, whatever curve its format names.
        native = Babl.format_get_encoding(channel.get_format()).split()[0] + " "
        keep(seen, channel.get_name(), "channel", channel, native)
    for path in image.get_paths():
        image.select_item(Gimp.ChannelOps.REPLACE, path)
        keep(seen, path.get_name(), "path", image.get_selection(), "Y ")
    image.delete()
    return seen


results = {}
os.makedirs("/lab/seen", exist_ok=True)
for name in sorted(os.listdir("/lab/files")):
    try:
        results[name] = {"seen": look("/lab/files/" + name), "error": ""}
    except Exception:
        results[name] = {"seen": [], "error": traceback.format_exc()}
with open("/lab/results.json", "w") as out:
    json.dump(results, out)
