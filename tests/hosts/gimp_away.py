"""Servers that go away, and a machine that sleeps, inside GIMP."""

import os
import signal
import time

import gimp_kit as kit
import lab_kit

# Longer than until a ping; whole, than a connection may be silent. Krita's case is always whole.
ASLEEP_S = lab_kit.pick(11, 23)


def case_a_server_with_tls_goes_away_half_way():
    """Nobody starts it again: one sentence, and the picture as it was."""
    lab_kit.ask_for_tls()
    kit.wait_for(lab_kit.TLS_STATE.exists)
    server = lab_kit.read_state(lab_kit.TLS_STATE)
    image, layer = kit.noise(1600, 1600)
    leave = lambda _plugin: os.kill(server["pid"], signal.SIGKILL)  # noqa: E731
    with lab_kit.chosen_server(server["target"], server["token"], tls=True), kit.meanwhile(leave):
        status, error = kit.call(kit.SUBJECT, image, [layer], model="slow")
    lab_kit.TLS_STATE.unlink()
    assert status != kit.OK
    assert server["target"] in error, error
    assert "Traceback" not in error
    assert layer.get_mask() is None
    assert [each.get_name() for each in image.get_layers()] == ["noise"]
    assert not image.get_channels()


def case_the_machine_sleeps_half_way():
    """Plug-in and server stand still for a while; then the work goes on."""
    server = kit.mortal_server()
    image, layer = kit.noise(1600, 1600)

    def sleep(plugin):
        for signal_ in (signal.SIGSTOP, signal.SIGCONT):
            for process in (plugin, server):
                os.kill(process, signal_)
            time.sleep(ASLEEP_S if signal_ == signal.SIGSTOP else 0)

    with kit.meanwhile(sleep):
        kit.good(kit.SUBJECT, image, [layer], model="slow")
    kit.check_mask(layer)
    os.kill(server, signal.SIGKILL)
