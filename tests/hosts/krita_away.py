"""Servers and windows that go away, and a machine that sleeps, inside Krita."""

import os
import signal
import subprocess

import krita_kit as kit
import krita_rest
import lab_kit

# Longer than a connection may be silent: ten seconds, and ten more after a ping.
ASLEEP_S = 23


@kit.on_document(1600, 1600)
def case_a_server_with_tls_goes_away_half_way(doc, layer):
    """Nobody starts it again: one sentence, and the picture as it was."""
    lab_kit.ask_for_tls()
    yield from kit.until(lab_kit.TLS_STATE.exists, what="a server with TLS")
    server = lab_kit.read_state(lab_kit.TLS_STATE)
    with lab_kit.chosen_server(server["target"], server["token"], tls=True):
        task = kit.start(model="slow")
        yield from kit.until(lambda: kit.masks(layer), what="a mask")
        yield 300
        os.kill(server["pid"], signal.SIGKILL)
        yield from kit.ended(task)
    lab_kit.TLS_STATE.unlink()
    kit.check_said(server["target"])
    assert kit.said().endswith("."), kit.said()
    assert not kit.masks(layer)
    assert kit.docker().open_label.text() == "No cutout is open."


@kit.on_document(400, 300)
def case_the_machine_sleeps_with_an_open_cutout(doc, layer):
    """Both stand still for longer than a connection may be silent; then the work goes on."""
    server = yield from kit.mortal_server()
    task = yield from kit.opened()
    sleeper = fall_asleep(os.getpid(), server)
    yield 1000
    sleeper.wait()
    yield from kit.shifted(task, 2)
    yield from kit.finish(task)
    kit.check_mask(layer, doc)
    kit.shift_edge(0)
    os.kill(server, signal.SIGKILL)


@kit.on_document(400, 300)
def case_a_connection_dies_without_a_word(doc, layer):
    """As after a long sleep, behind a router that forgot it: the work goes on over another one."""
    local = lab_kit.read_state()
    relay = Relay(local["target"])
    try:
        with lab_kit.chosen_server(relay.target, local["token"]):
            task = yield from kit.opened()
            first = relay.forget()
            yield from kit.shifted(task, 2)
            yield from kit.finish(task)
            assert relay.forget() > first
    finally:
        relay.close()
    kit.check_mask(layer, doc)
    kit.shift_edge(0)


class Relay:
    """Carries connections to a server in a process of its own; see `krita_relay`."""

    def __init__(self, target):
        host, _, port = target.rpartition(":")
        command = ["python3", lab_kit.LAB / "krita_relay.py", host, port]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self.target = f"127.0.0.1:{int(self._process.stdout.readline())}"

    def forget(self):
        """Forget all connections; return how many there have been."""
        self._process.stdin.write("forget\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self):
        self._process.kill()
        self._process.communicate()


def fall_asleep(*processes):
    """Stop processes, this one too, and let them go on later; return who does."""
    ids = " ".join(str(each) for each in processes)
    command = f"kill -STOP {ids}; sleep {ASLEEP_S}; kill -CONT {ids}"
    return subprocess.Popen(["/bin/sh", "-c", command])


def window_of(doc):
    """Open another window, with a view of a document, in front."""
    other = kit.KRITA.openWindow()
    other.qwindow().show()
    yield 1500
    other.addView(doc)
    other.activate()
    yield 1500
    return other


def closed(other, window):
    """Close a window, and come back to the first one."""
    other.qwindow().close()
    yield 1500
    window.activate()
    yield 1000


@kit.on_document(1600, 1600)
def case_two_views_of_one_image(doc, layer):
    """One of two views goes while a cutout is at work; it goes on in the other."""
    krita_rest.show(doc)
    yield 300
    task = kit.start(model="slow")
    yield from kit.until(lambda: kit.masks(layer), what="a mask")
    areas = kit.KRITA.activeWindow().qwindow().centralWidget().findChildren(kit.QtWidgets.QMdiArea)
    assert len(areas[0].subWindowList()) == 2
    areas[0].activeSubWindow().close()
    yield 500
    assert len(areas[0].subWindowList()) == 1
    yield from kit.complete(task)
    yield from kit.finish(task)
    kit.check_mask(layer, doc)


@kit.on_document(400, 300)
def case_two_windows(doc, layer):
    """One image in two windows: the second docker leaves it alone while the first works on it."""
    first, window = kit.docker(), kit.KRITA.activeWindow()
    task = yield from kit.opened()
    other = yield from window_of(doc)
    second = kit.docker()
    assert second is not first
    second.cut()
    yield 300
    assert "Another window" in second.status.text(), second.status.text()
    assert first.task is task
    yield from closed(other, window)
    assert kit.docker() is first
    yield from kit.finish(task)
    kit.check_mask(layer, doc)
    kit.masks(layer)[0].remove()
    yield 500
    doc.setActiveNode(layer)
    yield 300
    yield from kit.cut()
    kit.check_mask(layer, doc)


@kit.on_document(400, 300)
def case_the_window_of_an_open_cutout_is_closed(doc, layer):
    """Its cutout is finished; the other window's docker goes on by itself."""
    first, window = kit.docker(), kit.KRITA.activeWindow()
    other = yield from window_of(doc)
    assert kit.docker() is not first
    task = yield from kit.opened()
    yield from closed(other, window)
    assert kit.docker() is first
    yield from kit.until(lambda: task.wait(0), what="the end of its cutout")
    kit.check_mask(layer, doc)
