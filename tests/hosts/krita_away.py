"""Servers and windows that go away, and a machine that sleeps, inside Krita."""

import json
import os
import signal
import socket
import subprocess
import threading

from krita_kit import (
    KRITA,
    LAB,
    close,
    complete,
    cut,
    docker,
    document,
    ended,
    green,
    masks,
    pixels,
    shift_edge,
    start,
    until,
)
from krita_trouble import mortal_server

try:
    from PyQt6.QtWidgets import QMdiArea
except ImportError:
    from PyQt5.QtWidgets import QMdiArea

HOME = os.environ["FRISKET_HOME"]
# Longer than a connection may be silent: ten seconds, and ten more after a ping.
ASLEEP_S = 23


def case_a_server_with_tls_goes_away_half_way():
    """Nobody starts it again: one sentence, and the picture as it was."""
    told = os.path.join(HOME, "run", "tls.json")
    open(os.path.join(LAB, "mortal-tls"), "w").close()
    yield from until(lambda: os.path.exists(told), what="a server with TLS")
    server = json.load(open(told))
    settings = os.path.join(HOME, "plugins.json")
    doc, layer = document(1600, 1600)
    yield 300
    chosen = {"remote": True, "tls": True, "target": server["target"], "token": server["token"]}
    json.dump({**chosen, "ca_file": os.path.join(HOME, "tls.pem")}, open(settings, "w"))
    try:
        task = start(model="slow")
        yield from until(lambda: masks(layer), what="a mask")
        yield 300
        os.kill(server["pid"], signal.SIGKILL)
        yield from ended(task)
    finally:
        os.unlink(settings)
        os.unlink(told)
    text = docker().status.text()
    assert server["target"] in text, text
    assert text.endswith("."), text
    assert not masks(layer)
    assert docker().open_label.text() == "No cutout is open."
    close(doc)


def case_the_machine_sleeps_with_an_open_cutout():
    """Both stand still for longer than a connection may be silent; then the work goes on."""
    doc, layer = document(400, 300)
    yield 300
    server = yield from mortal_server()
    task, said = start(), []
    task.completed.connect(said.append)
    yield from complete(task)
    said.clear()
    sleeper = fall_asleep(os.getpid(), server)
    yield 1000
    sleeper.wait()
    shift_edge(2)
    yield from until(lambda: said, what="the changed edge")
    docker().finish()
    yield from ended(task)
    assert [pixels(mask, doc) for mask in masks(layer)] == [green(layer, doc)]
    shift_edge(0)
    close(doc)
    os.kill(server, signal.SIGKILL)


def case_a_connection_dies_without_a_word():
    """As after a long sleep, behind a router that forgot it: the work goes on over another one."""
    local = json.load(open(os.path.join(HOME, "run", "server.json")))
    relay = Relay(local["target"])
    settings = os.path.join(HOME, "plugins.json")
    doc, layer = document(400, 300)
    yield 300
    chosen = {"remote": True, "tls": False, "target": relay.target, "token": local["token"]}
    json.dump(chosen, open(settings, "w"))
    try:
        task, said = start(), []
        task.completed.connect(said.append)
        yield from complete(task)
        said.clear()
        relay.forget()
        shift_edge(2)
        yield from until(lambda: said, what="the changed edge")
        docker().finish()
        yield from ended(task)
    finally:
        os.unlink(settings)
        relay.close()
    assert relay.carried > 1
    assert [pixels(mask, doc) for mask in masks(layer)] == [green(layer, doc)]
    shift_edge(0)
    close(doc)


class Relay:
    """Carries connections to a server; what it forgets stays open, and nothing arrives."""

    def __init__(self, target):
        self._host, _, self._port = target.rpartition(":")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.target = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.carried = 0
        self._known, self._open = set(), []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection((self._host, int(self._port)))
            self.carried += 1
            number = self.carried
            self._known.add(number)
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(number, one, other), daemon=True).start()

    def _carry(self, number, one, other):
        try:
            while data := one.recv(1 << 16):
                if number in self._known:
                    other.sendall(data)
            if number in self._known:
                other.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def forget(self):
        self._known.clear()

    def close(self):
        for each in (self._listener, *self._open):
            each.close()


def fall_asleep(*processes):
    """Stop processes, this one too, and let them go on later; return who does."""
    ids = " ".join(str(each) for each in processes)
    command = f"kill -STOP {ids}; sleep {ASLEEP_S}; kill -CONT {ids}"
    return subprocess.Popen(["/bin/sh", "-c", command])


def case_two_views_of_one_image():
    """One of two views goes while a cutout is at work; it goes on in the other."""
    doc, layer = document(1600, 1600)
    yield 500
    KRITA.activeWindow().addView(doc)
    yield 800
    task = start(model="slow")
    yield from until(lambda: masks(layer), what="a mask")
    areas = KRITA.activeWindow().qwindow().centralWidget().findChildren(QMdiArea)
    assert len(areas[0].subWindowList()) == 2
    areas[0].activeSubWindow().close()
    yield 500
    assert len(areas[0].subWindowList()) == 1
    yield from complete(task)
    docker().finish()
    yield from ended(task)
    assert [pixels(mask, doc) for mask in masks(layer)] == [green(layer, doc)]
    close(doc)


def case_two_windows():
    """One image in two windows: the second docker leaves it alone while the first works on it."""
    doc, layer = document(400, 300)
    yield 500
    first, window = docker(), KRITA.activeWindow()
    task = start()
    yield from complete(task)
    other = KRITA.openWindow()
    other.qwindow().show()
    yield 1500
    other.addView(doc)
    other.activate()
    yield 1500
    second = docker()
    assert second is not first
    second.cut()
    yield 300
    assert "Another window" in second.status.text(), second.status.text()
    assert first.task is task
    other.qwindow().close()
    yield 1500
    window.activate()
    yield 1000
    assert docker() is first
    docker().finish()
    yield from ended(task)
    assert [pixels(mask, doc) for mask in masks(layer)] == [green(layer, doc)]
    masks(layer)[0].remove()
    yield 500
    doc.setActiveNode(layer)
    yield 300
    yield from cut()
    assert [pixels(mask, doc) for mask in masks(layer)] == [green(layer, doc)]
    close(doc)


def case_the_window_of_an_open_cutout_is_closed():
    """Its cutout is finished; the other window's docker goes on by itself."""
    doc, layer = document(400, 300)
    yield 500
    first, window = docker(), KRITA.activeWindow()
    other = KRITA.openWindow()
    other.qwindow().show()
    yield 1500
    other.addView(doc)
    other.activate()
    yield 1500
    assert docker() is not first
    task = start()
    yield from complete(task)
    other.qwindow().close()
    yield 1500
    window.activate()
    yield 1000
    assert docker() is first
    yield from until(lambda: task.wait(0), what="the end of its cutout")
    assert [pixels(mask, doc) for mask in masks(layer)] == [green(layer, doc)]
    close(doc)
