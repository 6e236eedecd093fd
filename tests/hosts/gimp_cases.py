"""What the plug-in has to do inside GIMP. Runs in GIMP's own Python, not in pytest.

Every function named `case_...` raises when it fails; `/lab/results.json` tells which.
"""

import json
import os
import signal
import subprocess
import sys
import time
import traceback

import gi

gi.require_version("Gegl", "0.4")
from gi.repository import Babl, Gegl, Gimp, Gio, GLib  # noqa: E402, F401

SUBJECT = "plug-in-frisket-cut-out-subject"
ANY = "plug-in-frisket-cut-out"
SELECTION = "plug-in-frisket-cut-out-from-selection"
REFINE = "plug-in-frisket-refine-mask"
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


# ------------------------------------------------------------------ results


def case_mask_is_exact():
    image, layer = noise(1500, 1100)
    good(SUBJECT, image, [layer])
    assert values(layer.get_mask()) == green(layer)


def case_new_layer_with_clean_colours():
    image, layer = noise(700, 600)
    before = whole(layer, "R'G'B'A u8")
    good(ANY, image, [layer], make="layer", decontaminate=True)
    new = image.get_layers()[0]
    assert new.get_name() == "noise cutout"
    assert values(new.get_mask()) == green(layer)
    after = whole(new, "R'G'B'A u8")
    for channel in range(3):
        assert after[channel::4] == bytes(255 - value for value in before[channel::4])
    assert after[3::4] == before[3::4]
    assert whole(layer, "R'G'B'A u8") == before
    assert not layer.get_visible()


def case_selection_and_channel_of_an_offset_layer_beyond_the_canvas():
    canvas = (700, 500)
    image, layer = noise(900, 600, canvas=canvas)
    layer.set_offsets(-50, 30)
    good(ANY, image, [layer], make="channel")
    wanted = placed(green(layer), 900, -50, 30, canvas)
    assert values(image.get_channels()[0]) == wanted
    good(ANY, image, [layer], make="selection")
    assert values(image.get_selection()) == wanted
    assert len(image.get_channels()) == 1


def case_mask_of_an_offset_layer():
    image, layer = noise(900, 600, canvas=(700, 500))
    layer.set_offsets(300, -200)
    good(SUBJECT, image, [layer])
    assert values(layer.get_mask()) == green(layer)


def case_active_selection_is_respected():
    image, layer = noise(700, 500)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 100, 100, 300, 200)
    good(SUBJECT, image, [layer])
    alpha, wanted = green(layer), bytearray(700 * 500)
    for y in range(100, 300):
        wanted[y * 700 + 100 : y * 700 + 400] = alpha[y * 700 + 100 : y * 700 + 400]
    assert values(layer.get_mask()) == bytes(wanted)


def case_hints_from_the_selection():
    image, layer = noise(700, 500)
    image.select_rectangle(Gimp.ChannelOps.REPLACE, 100, 120, 300, 200)
    good(SELECTION, image, [layer], selection_use="box")
    good(SELECTION, image, [layer], selection_use="prior", existing="replace")
    Gimp.Selection.none(image)
    refused("Nothing is selected", SELECTION, image, [layer])


def case_refine_and_intersect():
    image, layer = noise(600, 400)
    refused("has no mask", REFINE, image, [layer])
    mask = layer.create_mask(Gimp.AddMaskType.BLACK)
    layer.add_mask(mask)
    buffer = mask.get_buffer()
    buffer.set(rectangle(0, 0, 300, 400), "Y u8", b"\xff" * 120000)
    buffer.flush()
    good(SUBJECT, image, [layer], existing="intersect")
    alpha, wanted = green(layer), bytearray(600 * 400)
    for y in range(400):
        wanted[y * 600 : y * 600 + 300] = alpha[y * 600 : y * 600 + 300]
    assert values(layer.get_mask()) == bytes(wanted)
    good(REFINE, image, [layer])
    assert values(layer.get_mask()) == alpha


def _deep(precision, slack=0):
    image, layer = noise(600, 400, precision)
    good(SUBJECT, image, [layer])
    alpha = memoryview(whole(layer, "R'G'B' u16")).cast("H")[1::3].tolist()
    mask = memoryview(whole(layer.get_mask(), "Y u16")).cast("H").tolist()
    assert max(abs(a - b) for a, b in zip(alpha, mask)) <= slack  # noqa: B905


def case_16_bit():
    _deep(Gimp.Precision.U16_NON_LINEAR)


def case_16_bit_linear():
    _deep(Gimp.Precision.U16_LINEAR)


def case_float():
    _deep(Gimp.Precision.FLOAT_LINEAR)


def case_half():
    # Half floats have 11 significant bits.
    _deep(Gimp.Precision.HALF_NON_LINEAR, 32)


def case_8_bit_linear():
    image, layer = noise(600, 400, Gimp.Precision.U8_LINEAR)
    good(SUBJECT, image, [layer])
    assert values(layer.get_mask()) == green(layer)


def case_grey():
    image, layer = noise(600, 400)
    image.convert_grayscale()
    good(SUBJECT, image, [layer])
    assert values(layer.get_mask()) == green(layer)


def case_indexed():
    image, layer = noise(600, 400)
    image.convert_indexed(
        Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 64, False, False, ""
    )
    good(SUBJECT, image, [layer])
    assert values(layer.get_mask()) == green(layer)


def case_group():
    image, layer = noise(600, 400)
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    good(SUBJECT, image, [group])
    assert values(group.get_mask()) == green(group)


def case_several_layers_and_two_documents():
    first, layer = noise(300, 200)
    other = layer.copy()
    first.insert_layer(other, None, 0)
    second, third = noise(400, 300)
    good(SUBJECT, first, [layer, other])
    good(SUBJECT, second, [third])
    for each in (layer, other, third):
        assert values(each.get_mask()) == green(each)


def case_one_pixel():
    image, layer = noise(1, 1)
    good(SUBJECT, image, [layer])
    assert values(layer.get_mask()) == green(layer)


def case_text_layer():
    image, _ = noise(300, 200)
    text = Gimp.TextLayer.new(image, "Hello", Gimp.context_get_font(), 60, Gimp.Unit.pixel())
    image.insert_layer(text, None, 0)
    good(SUBJECT, image, [text])
    assert text.get_mask() is not None


def case_hidden_layer():
    image, layer = noise(300, 200)
    layer.set_visible(False)
    good(SUBJECT, image, [layer])
    assert values(layer.get_mask()) == green(layer)


def case_100_megapixels():
    """Mostly one colour: only the tiles on the edge travel, and each is exact."""
    width, height = 11547, 8660
    image = Gimp.Image.new(width, height, Gimp.ImageBaseType.RGB)
    kind = Gimp.ImageType.RGB_IMAGE
    layer = Gimp.Layer.new(image, "large", width, height, kind, 100, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, None, 0)
    buffer = layer.get_buffer()
    buffer.set_color(rectangle(0, 0, width, height), Gegl.Color.new("black"))
    buffer.set_color(rectangle(2000, 1500, 6000, 5000), Gegl.Color.new("white"))
    ramp = bytes(value for x in range(512) for value in (x // 2,) * 3) * 5000
    buffer.set(rectangle(8000, 1500, 512, 5000), "R'G'B' u8", ramp)
    buffer.flush()
    good(SUBJECT, image, [layer])
    mask = layer.get_mask().get_buffer()
    for x, y in ((0, 0), (1800, 1400), (4000, 4000), (7900, 6000), (8400, 3000), (11000, 8600)):
        rect = rectangle(x, y, 500, 60)
        alpha = layer.get_buffer().get(rect, 1.0, "R'G'B' u8", Gegl.AbyssPolicy.NONE)[1::3]
        assert mask.get(rect, 1.0, "Y u8", Gegl.AbyssPolicy.NONE) == alpha, (x, y)


# ------------------------------------------------------------------ trouble


def case_bad_targets():
    image, layer = noise(300, 200)
    refused("No layer is selected", SUBJECT, image, [])
    channel = Gimp.Channel.new(image, "c", 300, 200, 50, Gegl.Color.new("black"))
    image.insert_channel(channel, None, 0)
    refused("A channel is selected", SUBJECT, image, [channel])
    layer.set_lock_content(True)
    refused("is locked", SUBJECT, image, [layer])
    assert layer.get_mask() is None


def case_server_refuses():
    image, layer = noise(300, 200)
    refused("busy", SUBJECT, image, [layer], model="busy")
    refused("version", SUBJECT, image, [layer], model="other-version")
    assert layer.get_mask() is None


def case_server_dies_half_way():
    image, layer = noise(1600, 1600)
    good(SUBJECT, image, [layer], model="dying")
    assert values(layer.get_mask()) == green(layer)


def case_cancel_half_way():
    """GIMP cancels by killing the plug-in: image and mask stay sound."""
    image, layer = noise(2600, 2600)
    killer = subprocess.Popen([sys.executable, __file__, "kill"])
    status, _ = call(SUBJECT, image, [layer], model="slow")
    assert killer.wait(10) == 0
    assert status != OK
    assert layer.get_mask() is not None
    layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
    good(SUBJECT, image, [layer])
    assert values(layer.get_mask()) == green(layer)


def case_wrong_token_and_no_server():
    settings = os.path.join(os.environ["FRISKET_HOME"], "plugins.json")
    image, layer = noise(300, 200)
    state = json.load(open(os.path.join(os.environ["FRISKET_HOME"], "run", "server.json")))
    try:
        remote = {"remote": True, "tls": False, "target": state["target"], "token": "wrong"}
        json.dump(remote, open(settings, "w"))
        refused("token", SUBJECT, image, [layer])
        json.dump({**remote, "token": state["token"]}, open(settings, "w"))
        good(SUBJECT, image, [layer])
        json.dump({**remote, "target": "127.0.0.1:9"}, open(settings, "w"))
        refused("No server answers at 127.0.0.1:9", SUBJECT, image, [layer])
    finally:
        os.unlink(settings)


def case_server_is_started():
    """No server runs: the recorded command starts one."""
    state = os.path.join(os.environ["FRISKET_HOME"], "run", "server.json")
    kept = open(state).read()
    os.unlink(state)
    try:
        image, layer = noise(300, 200)
        good(SUBJECT, image, [layer])
        assert os.path.exists(state)
        assert values(layer.get_mask()) == green(layer)
    finally:
        open(state, "w").write(kept)


def case_diagnostics():
    procedure = Gimp.get_pdb().lookup_procedure("plug-in-frisket-diagnostics")
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    assert procedure.run(config).index(0) == OK
    path = os.path.join(os.environ["FRISKET_HOME"], "run", "gimp-diagnostics.txt")
    report = open(path).read()
    assert "FAIL" not in report, report
    assert "server echo answers" in report


def kill_plugin():
    """Kill this GIMP's frisket, as its Cancel button does, once it has shown something."""
    time.sleep(2.0)
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                words = open(f"/proc/{entry}/cmdline", "rb").read()
            except OSError:
                continue
            if os.environ["GIMP3_DIRECTORY"].encode() in words and b"frisket-cutout.py" in words:
                os.kill(int(entry), signal.SIGKILL)
                return 0
    return 1


def main():
    Gegl.init(None)
    results = {}
    wanted = os.environ.get("FRISKET_CASES", "").split()
    cases = [name for name in globals() if name.startswith("case_")]
    for name in wanted or cases:
        start = time.monotonic()
        try:
            globals()[name]()
            results[name] = {"error": ""}
        except BaseException:
            results[name] = {"error": traceback.format_exc()}
        results[name]["seconds"] = round(time.monotonic() - start, 2)
        for image in Gimp.get_images():
            image.delete()
        with open("/lab/results.json", "w") as file:
            json.dump(results, file)


if len(sys.argv) > 1 and sys.argv[1] == "kill":
    sys.exit(kill_plugin())
__file__ = "/lab/gimp_cases.py"
main()
