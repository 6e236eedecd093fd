"""What the plug-in has to bear inside GIMP."""

import json
import os
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
    before = tiles_served()
    killer = threading.Thread(target=kill_plugin, args=(before,))
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


def kill_plugin(before):
    """Kill this GIMP's frisket, as its Cancel button does, once it has shown something."""
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
                os.kill(int(entry), signal.SIGKILL)
