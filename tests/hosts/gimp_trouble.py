"""What the plug-in has to bear inside GIMP."""

import os
import random
import resource
import signal
import threading

import gimp_kit as kit
import lab_kit
from gi.repository import Gegl, Gimp


def case_bad_targets():
    image, layer = kit.noise(300, 200)
    kit.refused("No layer is selected", kit.SUBJECT, image, [])
    channel = Gimp.Channel.new(image, "c", 300, 200, 50, Gegl.Color.new("black"))
    image.insert_channel(channel, None, 0)
    kit.refused("A channel is selected", kit.SUBJECT, image, [channel])
    layer.set_lock_content(True)
    kit.refused("is locked", kit.SUBJECT, image, [layer])
    assert layer.get_mask() is None


def case_empty_and_floating_layers():
    """Nothing is in an empty layer, and no mask hides it; a floating selection is refused."""
    image, layer = kit.noise(300, 200)
    layer.fill(Gimp.FillType.TRANSPARENT)
    words = "No subject was found in 'noise' (it is transparent throughout)"
    kit.refused(words, kit.SUBJECT, image, [layer])
    assert layer.get_mask() is None
    other, below = kit.noise(300, 200)
    other.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 10, 50, 50)
    floating = Gimp.Selection.float(other, [below], 5, 5)
    kit.refused("floating selection", kit.SUBJECT, other, [floating])


def case_locked_group_around():
    image, layer = kit.noise(300, 200)
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    group.set_lock_content(True)
    kit.refused("is locked", kit.SUBJECT, image, [layer])
    assert layer.get_mask() is None


def case_out_of_memory():
    """The plug-in's process gets no more memory half-way: GIMP and the image stay sound.

    What it has given back may be enough for the rest; then the mask is exact.
    """
    image, layer = kit.noise(2600, 2600)
    with kit.meanwhile(no_more_memory):
        status, error = kit.call(kit.SUBJECT, image, [layer], model="slow")
    print("out of memory:", status, error, flush=True)
    mask = layer.get_mask()
    if status == kit.OK:
        kit.check_mask(layer)
    else:
        assert error
    if mask is not None:
        layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
    kit.good(kit.SUBJECT, image, [layer])
    kit.check_mask(layer)


def case_server_refuses():
    image, layer = kit.noise(300, 200)
    kit.refused("busy", kit.SUBJECT, image, [layer], model="busy")
    kit.refused("version", kit.SUBJECT, image, [layer], model="other-version")
    assert layer.get_mask() is None


def case_server_dies_half_way():
    image, layer = kit.noise(1600, 1600)
    kit.good(kit.SUBJECT, image, [layer], model="dying")
    kit.check_mask(layer)


def case_killed_servers():
    """kill -9 at points chosen by dice: GIMP lives, and the job goes on by itself."""
    dice = random.Random(15)
    points = [dice.uniform(0.05, 3.2) for _ in range(20)]
    for point in lab_kit.pick(points[:4], points):
        process = kit.mortal_server()
        image, layer = kit.noise(1600, 1600)
        killer = threading.Timer(point, os.kill, (process, signal.SIGKILL))
        killer.start()
        kit.good(kit.SUBJECT, image, [layer], model="slow")
        killer.join()
        kit.check_mask(layer)
        image.delete()


def case_cancel_half_way():
    """GIMP cancels by killing the plug-in: image and mask stay sound."""
    image, layer = kit.noise(2600, 2600)
    with kit.meanwhile(kill):
        status, _ = kit.call(kit.SUBJECT, image, [layer], model="stuck")
    assert status != kit.OK
    assert layer.get_mask() is not None
    layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
    kit.good(kit.SUBJECT, image, [layer])
    kit.check_mask(layer)


def case_wrong_token_and_no_server():
    image, layer = kit.noise(300, 200)
    server = lab_kit.read_state()
    with lab_kit.chosen_server(server["target"], "wrong"):
        kit.refused("token", kit.SUBJECT, image, [layer])
    with lab_kit.chosen_server(server["target"], server["token"]):
        kit.good(kit.SUBJECT, image, [layer])
    with lab_kit.chosen_server("127.0.0.1:9", server["token"]):
        kit.refused("No server answers at 127.0.0.1:9", kit.SUBJECT, image, [layer])


def case_server_is_started():
    """No server runs: the recorded command starts one."""
    with lab_kit.no_server():
        image, layer = kit.noise(300, 200)
        kit.good(kit.SUBJECT, image, [layer])
        assert lab_kit.STATE.exists()
        kit.check_mask(layer)


def case_diagnostics():
    procedure = Gimp.get_pdb().lookup_procedure("plug-in-frisket-diagnostics")
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE)
    assert procedure.run(config).index(0) == kit.OK
    report = lab_kit.note("gimp-diagnostics.txt")
    assert "FAIL" not in report, report
    assert "server echo answers" in report


def kill(process):
    """What GIMP's Cancel button does."""
    os.kill(process, signal.SIGKILL)


def no_more_memory(process):
    lines = open(f"/proc/{process}/status").read().splitlines()
    size = next(int(line.split()[1]) for line in lines if line.startswith("VmSize")) << 10
    resource.prlimit(process, resource.RLIMIT_AS, (size, size))
