"""The options of `frisket watch`: those of `frisket batch`, and what a watched folder needs."""

from __future__ import annotations

from dataclasses import replace

from frisket.cli.batch_options import BATCH_OPTIONS, read_some, read_whole
from frisket.cli.options import Option
from frisket.finish.readers import Number
from frisket.jobs.watch.manners import DUPLICATES, OPTIONAL, OVERWRITE, TICKETS
from frisket.jobs.watch.windows import read_window

_GROUP = "watch"
_DAY_S = 86400

WATCH_OWN = (
    Option(
        "move", "the folder holds in, work, done and failed, which are made where missing, and "
        "originals move through them; otherwise they stay where they are",
        group=_GROUP, stored=False,
    ),
    Option(
        "poll", "look every so often instead of waiting for events; by default where the file "
        "system tells of none, as network shares do",
        Number(0, _DAY_S, exclusive=True), metavar="SECONDS", group=_GROUP, stored=False,
        example=5,
    ),
    Option(
        "settle", "how many looks in a row must find a file the same; default: 3",
        read_some, metavar="N", default=3, group=_GROUP, stored=False, whole=True,
    ),
    Option(
        "give-up", "how long a file that does not open to its end may stand still before it "
        "counts as damaged; default: 60",
        Number(0, _DAY_S), metavar="SECONDS", default=60.0, group=_GROUP, stored=False,
    ),
    Option(
        "ignore-updates", "what was done once is not done again when it changes",
        group=_GROUP, stored=False,
    ),
    Option(
        "min-size", "leave smaller files alone; default: 1",
        read_whole, metavar="BYTES", default=1, group=_GROUP, stored=False, whole=True,
    ),
    Option(
        "window", "begin work at these times of the day only, by local time; may be repeated",
        read_window, metavar="HH:MM-HH:MM", repeats=True, group=_GROUP, stored=False,
        example="22:00-06:00",
    ),
    Option(
        "duplicates", "what becomes of a new original whose result is there already; "
        f"default: {OVERWRITE}",
        str, choices=DUPLICATES, default=OVERWRITE, group=_GROUP, stored=False,
    ),
    Option(
        "tickets", "whether PICTURE.frisket.json beside a picture is its job ticket; "
        f"default: {OPTIONAL}",
        str, choices=TICKETS, default=OPTIONAL, group=_GROUP, stored=False,
    ),
    Option(
        "once", "do what is there, and leave; windows do not count",
        group=_GROUP, stored=False,
    ),
    Option(
        "print-unit", "print a unit for systemd that does this, and do nothing",
        group=_GROUP, stored=False,
    ),
)  # fmt: skip
_CHANGED = {
    "output": {
        "help": "folder or template; the folders of the originals are kept; with --move by "
        "default 'out' in the watched folder",
    },
}
# What belongs to one run over what is there, and not to a folder that is watched: a watch makes its
# results on this machine. A recipe may hold it for `frisket batch`, and a watch leaves it aside.
_NOT_HERE = frozenset({"redo", "force", "dry-run", "status", "engine", "address"})
WATCH_OPTIONS = (
    *(
        replace(row, **_CHANGED.get(row.name, {}))  # type: ignore[arg-type]
        for row in BATCH_OPTIONS
        if row.name not in _NOT_HERE
    ),
    *WATCH_OWN,
)
