"""What the cases in every host share: the lab's files, its server, and the results.

Runs in the host's own Python. Whatever has to wait stands in the host's own kit: Krita waits
between two steps of a generator, GIMP's plug-ins simply wait.
"""

import contextlib
import json
import os
import time
import traceback
from pathlib import Path

LAB = Path(os.environ.get("FRISKET_LAB", "/lab"))
HOME = Path(os.environ["FRISKET_HOME"])
RUN = HOME / "run"
# Where the servers write how to reach them, and the plug-ins which of them is chosen.
STATE, TLS_STATE, SETTINGS = RUN / "server.json", RUN / "tls.json", HOME / "plugins.json"
# Much is tried by a few examples, unless all is to be tried; see `lengths`.
WHOLE = os.environ.get("FRISKET_TRIALS") == "whole"


def pick(few, all_of_it):
    """Return what a sample or a whole trial takes."""
    return all_of_it if WHOLE else few


def note(name):
    """Return what the server wrote down under a name; see `echo_server`."""
    return (RUN / name).read_text() if (RUN / name).exists() else ""


def read_state(path=STATE):
    """Return how to reach a server: target, token and process."""
    return json.loads(path.read_text())


def ask_for_mortal():
    """Ask for a server that may be killed; it is there when `STATE` is."""
    STATE.unlink()
    (LAB / "mortal-me").touch()


def ask_for_tls():
    """Ask for a server with TLS; it is there when `TLS_STATE` is."""
    (LAB / "mortal-tls").touch()


@contextlib.contextmanager
def no_server():
    """Let no server be announced at first; the one that was is announced again afterwards."""
    kept = STATE.read_text()
    STATE.unlink()
    try:
        yield
    finally:
        STATE.write_text(kept)


@contextlib.contextmanager
def chosen_server(target, token, tls=False):
    """Let the plug-in use a server that a person has chosen."""
    settings = {"remote": True, "tls": tls, "target": target, "token": token}
    if tls:
        settings["ca_file"] = str(HOME / "tls.pem")
    SETTINGS.write_text(json.dumps(settings))
    try:
        yield
    finally:
        SETTINGS.unlink()


def fill(folder):
    """Leave no byte free on a disk that was made for it."""
    disk = os.statvfs(folder)
    assert disk.f_blocks * disk.f_frsize < 1 << 22, f"{folder} is on a disk of somebody else"
    with (folder / "rest").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 16)):
                pass
        except OSError:
            return
    raise AssertionError(f"the disk of {folder} is not full")


def choose(cases):
    """Return names of cases that have no result yet: those chosen by hand, or all."""
    wanted = os.environ.get("FRISKET_CASES", "").split()
    known = read_results()
    names = wanted or [name for name in cases if name.startswith("case_")]
    return [name for name in names if name not in known]


@contextlib.contextmanager
def noted(name, host):
    """Write down how a case went, and first of all that the host ended in it."""
    start = time.monotonic()
    write_result(name, f"{host} ended in this case", 0)
    error = ""
    try:
        yield
    except BaseException as problem:
        if isinstance(problem, GeneratorExit):
            raise
        error = traceback.format_exc()
    write_result(name, error, time.monotonic() - start)


def read_results():
    """Return the results so far, also those of a host that ended before its time."""
    path = LAB / "results.json"
    return json.loads(path.read_text()) if path.exists() else {}


def write_result(name, error, seconds):
    results = {**read_results(), name: {"error": error, "seconds": round(seconds, 2)}}
    fresh = LAB / "results.new"
    fresh.write_text(json.dumps(results))
    fresh.replace(LAB / "results.json")
