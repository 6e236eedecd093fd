"""What the plug-in has to bear inside GIMP."""

import json
import os
import random
import resource
import signal
import threading
import time

from gi.repository import Gegl, Gimp
from gimp_kit import OK, SUBJECT, call, good, green, noise, refused, values


def case_bad_targets():
    image, layer = noise(300, 200)
    refused("No layer is selected", SUBJECT, image, [])
    channel = Gimp.Channel.new(image, "c", 300, 200, 50, Gegl.Color.new("black"))
    image.insert_channel(channel, None, 0)
    refused("A channel is selected", SUBJECT, image, [channel])
    layer.set_lock_content(True)
    refused("is locked", SUBJECT, image, [layer])
    assert layer.get_mask() is None


def case_empty_and_floating_layers():
    """Nothing is in an empty layer, and no mask hides it; a floating selection is refused."""
    image, layer = noise(300, 200)
    layer.fill(Gimp.FillType.TRANSPARENT)
    words = "No subject was found in 'noise' (it is transparent throughout)"
    refused(words, SUBJECT, image, [layer])
    assert layer.get_mask() is None
    other, below = noise(300, 200)
    other.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 10, 50, 50)
    floating = Gimp.Selection.float(other, [below], 5, 5)
    refused("floating selection", SUBJECT, other, [floating])


def case_locked_group_around():
    image, layer = noise(300, 200)
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    image.reorder_item(layer, group, 0)
    group.set_lock_content(True)
    refused("is locked", SUBJECT, image, [layer])
    assert layer.get_mask() is None


def case_out_of_memory():
    """The plug-in's process gets no more memory half-way: GIMP and the image stay sound."""
    image, layer = noise(2600, 2600)
    before = tiles_served()
    limiter = threading.Thread(target=with_plugin, args=(before, no_more_memory))
    limiter.start()
    status, error = call(SUBJECT, image, [layer], model="slow")
    limiter.join()
    print("out of memory:", status, error, flush=True)
    assert status != OK
    assert error
    mask = layer.get_mask()
    if mask is not None:
        layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
    good(SUBJECT, image, [layer])
    assert values(layer.get_mask()) == green(layer)


def case_server_refuses():
    image, layer = noise(300, 200)
    refused("busy", SUBJECT, image, [layer], model="busy")
    refused("version", SUBJECT, image, [layer], model="other-version")
    assert layer.get_mask() is None


def case_server_dies_half_way():
    image, layer = noise(1600, 1600)
    good(SUBJECT, image, [layer], model="dying")
    assert values(layer.get_mask()) == green(layer)


def case_killed_servers():
    """kill -9 at points chosen by dice: GIMP lives, and the job goes on by itself."""
    dice = random.Random(15)
    points = [dice.uniform(0.05, 3.2) for _ in range(20)]
    whole = os.environ.get("FRISKET_TRIALS") == "whole"
    for point in points if whole else points[:4]:
        process = mortal_server()
        image, layer = noise(1600, 1600)
        killer = threading.Timer(point, os.kill, (process, signal.SIGKILL))
        killer.start()
        good(SUBJECT, image, [layer], model="slow")
        killer.join()
        assert values(layer.get_mask()) == green(layer), point
        image.delete()


def mortal_server():
    """Have a server started that may be killed; return its process."""
    state = os.path.join(os.environ["FRISKET_HOME"], "run", "server.json")
    os.unlink(state)
    open("/lab/mortal-me", "w").close()
    end = time.monotonic() + 60
    while not os.path.exists(state) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.2)
    return json.load(open(state))["pid"]


def case_cancel_half_way():
    """GIMP cancels by killing the plug-in: image and mask stay sound."""
    image, layer = noise(2600, 2600)
    before = tiles_served()
    killer = threading.Thread(target=with_plugin, args=(before, kill))
    killer.start()
    status, _ = call(SUBJECT, image, [layer], model="stuck")
    killer.join()
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


def tiles_served():
    """How many tiles the server has answered so far."""
    try:
        return int(open(os.path.join(os.environ["FRISKET_HOME"], "run", "tiles")).read())
    except (OSError, ValueError):
        return 0


def with_plugin(before, act):
    """Do something to this GIMP's frisket once it has shown something."""
    end = time.monotonic() + 60
    while tiles_served() == before and time.monotonic() < end:
        time.sleep(0.05)
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                words = open(f"/proc/{entry}/cmdline", "rb").read()
                # Another GIMP may run on this machine, with a lab of its own.
                ours = os.path.samefile(f"/proc/{entry}/root/lab", "/lab")
            except OSError:
                continue
            if b"frisket-cutout.py" in words and ours:
                act(int(entry))


def kill(process):
    """What GIMP's Cancel button does."""
    os.kill(process, signal.SIGKILL)


def no_more_memory(process):
    lines = open(f"/proc/{process}/status").read().splitlines()
    size = next(int(line.split()[1]) for line in lines if line.startswith("VmSize")) << 10
    resource.prlimit(process, resource.RLIMIT_AS, (size, size))
