"""Servers that go away, and a machine that sleeps, inside GIMP."""

import json
import os
import signal
import threading
import time

from gimp_kit import OK, SUBJECT, call, good, green, noise, values
from gimp_trouble import mortal_server, tiles_served, with_plugin

HOME = os.environ["FRISKET_HOME"]
# Longer than until a ping; whole, than a connection may be silent. Krita's case is always whole.
ASLEEP_S = 23 if os.environ.get("FRISKET_TRIALS") == "whole" else 11


def case_a_server_with_tls_goes_away_half_way():
    """Nobody starts it again: one sentence, and the picture as it was."""
    told = os.path.join(HOME, "run", "tls.json")
    open("/lab/mortal-tls", "w").close()
    end = time.monotonic() + 60
    while not os.path.exists(told) and time.monotonic() < end:
        time.sleep(0.05)
    server = json.load(open(told))
    settings = os.path.join(HOME, "plugins.json")
    chosen = {"remote": True, "tls": True, "target": server["target"], "token": server["token"]}
    json.dump({**chosen, "ca_file": os.path.join(HOME, "tls.pem")}, open(settings, "w"))
    image, layer = noise(1600, 1600)
    before = tiles_served()

    def leave(_plugin):
        os.kill(server["pid"], signal.SIGKILL)

    killer = threading.Thread(target=with_plugin, args=(before, leave))
    killer.start()
    try:
        status, error = call(SUBJECT, image, [layer], model="slow")
    finally:
        killer.join()
        os.unlink(settings)
        os.unlink(told)
    assert status != OK
    assert server["target"] in error, error
    assert "Traceback" not in error
    assert layer.get_mask() is None
    assert [each.get_name() for each in image.get_layers()] == ["noise"]
    assert not image.get_channels()


def case_the_machine_sleeps_half_way():
    """Plug-in and server stand still for a while; then the work goes on."""
    server = mortal_server()
    image, layer = noise(1600, 1600)

    def sleep(plugin):
        for signal_ in (signal.SIGSTOP, signal.SIGCONT):
            for process in (plugin, server):
                os.kill(process, signal_)
            time.sleep(ASLEEP_S if signal_ == signal.SIGSTOP else 0)

    sleeper = threading.Thread(target=with_plugin, args=(tiles_served(), sleep))
    sleeper.start()
    good(SUBJECT, image, [layer], model="slow")
    sleeper.join()
    assert values(layer.get_mask()) == green(layer)
    os.kill(server, signal.SIGKILL)
