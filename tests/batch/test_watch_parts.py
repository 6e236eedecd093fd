"""What a watch decides without any server: names, looks, stillness, windows, mounts, tickets."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.cli.settings import fill
from frisket.cli.ticket import TICKET_OPTIONS, Tickets
from frisket.cli.watch_options import WATCH_OPTIONS
from frisket.jobs.batch.place import read_place
from frisket.jobs.batch.states import Stamp
from frisket.jobs.choices import BadOption
from frisket.jobs.names import BadName
from frisket.jobs.watch.bell import Bell
from frisket.jobs.watch.folders import Folders, number_name
from frisket.jobs.watch.looking import Mark, look
from frisket.jobs.watch.manners import Manners
from frisket.jobs.watch.mounts import find_kind, read_mount_lines, read_mountinfo
from frisket.jobs.watch.orders import BadTicket, TicketIncomplete
from frisket.jobs.watch.settling import Settling
from frisket.jobs.watch.sift import find_owner, is_passed_over
from frisket.jobs.watch.windows import Window, is_open, read_window

# ------------------------------------------------------------------ names and looks


@pytest.mark.parametrize(
    "name",
    [
        *("~a.jpg", "~$a.psd", "a.jpg~", ".a.jpg", "._a.jpg", "a.jpg.part", "a.JPG.CRDOWNLOAD"),
        *("a.tmp", ".frisket-0123.png", "a.jpg.frisket.json.tmp", "a.jpg.filepart"),
    ],
)
def test_hidden_and_temporary_names_are_passed_over(name: str) -> None:
    assert is_passed_over(name)


def test_side_cars_belong_to_the_picture_whose_whole_name_they_bear() -> None:
    assert find_owner("a.jpg.frisket.json") == "a.jpg"
    assert find_owner("a.jpg.frisket.trimap.png") == "a.jpg"
    assert find_owner("a.jpg") == find_owner(".frisket.json") == find_owner("frisket.json") == ""


def test_a_look_finds_pictures_with_what_belongs_to_them(tmp_path: Path) -> None:
    for name in ("sub/deep/b.PNG", "out/r.png", ".hidden/c.png", "~old/d.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    for name in (
        *("a.jpg", "a.jpg.frisket.json", "a.jpg.frisket.trimap.png", "a.jpg.part", "notes.doc"),
        *("sub/deep/b.PNG", "out/r.png", ".hidden/c.png", "~old/d.png", "x.frisket.json"),
        *("late.jpg.frisket.json",),
    ):
        (tmp_path / name).write_bytes(b"12345")
    (tmp_path / "small.png").write_bytes(b"1")
    view = look(tmp_path, os.path.realpath(tmp_path / "out"), 5)
    found = {path.relative_to(tmp_path).as_posix(): seen for path, seen in view.files.items()}
    assert {name: seen.below for name, seen in found.items()} == {
        "a.jpg": "", "sub/deep/b.PNG": "sub/deep",
    }  # fmt: skip
    assert found["a.jpg"].ticket == tmp_path / "a.jpg.frisket.json"
    assert [one.name for one in found["a.jpg"].side_cars] == [
        "a.jpg.frisket.json", "a.jpg.frisket.trimap.png",
    ]  # fmt: skip
    strange = {path.name: why for path, why in view.strange.items()}
    assert strange.keys() == {"notes.doc", "x.frisket.json", "late.jpg.frisket.json"}
    assert "no picture" in strange["x.frisket.json"]
    assert "waits for its picture late.jpg" in strange["late.jpg.frisket.json"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_are_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "in"
    root.mkdir()
    (tmp_path / "secret.png").write_bytes(b"x")
    (root / "a.png").symlink_to(tmp_path / "secret.png")
    (root / "back").symlink_to(tmp_path)
    os.mkfifo(root / "pipe.png")
    view = look(root, "", 1)
    assert view.files == {}
    assert {path.name for path in view.strange} == {"a.png", "back"}


# ------------------------------------------------------------------ standing still

STAMPS = st.sampled_from([Stamp(1, 1), Stamp(2, 1), Stamp(1, 2)])


@given(st.integers(1, 4), st.lists(st.none() | STAMPS, max_size=20))
def test_a_file_is_still_when_the_last_looks_found_it_the_same(
    looks: int, seen: list[Stamp | None]
) -> None:
    settling, path = Settling(looks), Path("a.jpg")
    for number, stamp in enumerate(seen, 1):
        marks: dict[Path, Mark] = {} if stamp is None else {path: (stamp, ())}
        still = settling.note(marks, float(number))
        last = seen[max(0, number - looks) : number]
        same = stamp is not None and len(last) == looks and set(last) == {stamp}
        assert (still == [path]) is same
        if same:
            assert settling.stood_s(path, float(number)) >= looks - 1


def test_a_ticket_that_changes_counts_as_a_change() -> None:
    settling, path, stamp = Settling(2), Path("a.jpg"), Stamp(1, 1)
    assert settling.note({path: (stamp, ())}, 0) == []
    assert settling.note({path: (stamp, (("a.jpg.frisket.json", stamp),))}, 1) == []
    assert settling.note({path: (stamp, (("a.jpg.frisket.json", stamp),))}, 2) == [path]


# ------------------------------------------------------------------ windows

MINUTES = st.integers(0, 24 * 60 - 1)


@given(MINUTES, MINUTES, MINUTES)
def test_a_window_and_the_rest_of_the_day_share_no_minute(
    begin: int, end: int, minute: int
) -> None:
    if begin != end:
        assert Window(begin, end).holds(minute) is not Window(end, begin).holds(minute)
        assert Window(begin, end).holds(begin) and not Window(begin, end).holds(end)


def at(hour: int, minute: int) -> time.struct_time:
    return time.struct_time((2026, 1, 1, hour, minute, 0, 3, 1, 0))


def test_windows_over_midnight_and_several() -> None:
    night, noon = read_window("22:00-06:00"), read_window("12:00 - 13:30")
    for hour, minute, opened in ((21, 59, 0), (22, 0, 1), (0, 0, 1), (5, 59, 1), (6, 0, 0)):
        assert is_open([night], at(hour, minute)) is bool(opened)
    assert is_open([night, noon], at(13, 29)) and not is_open([night, noon], at(13, 30))
    assert is_open([], at(3, 0))
    assert read_window("00:00-24:00").holds(24 * 60 - 1)


@pytest.mark.parametrize("text", ["22-6", "24:00-01:00", "10:00-25:00", "10:60-11:00", "9:00-9:00"])
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        read_window(text)


# ------------------------------------------------------------------ mounts

MOUNTINFO = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:40 / /mnt/my\\040share rw - cifs //server/share rw
41 40 0:41 / /mnt/my\\040share/local rw - xfs /dev/sdb rw
42 22 0:42 / /srv/nas rw,noatime - nfs4 server:/nas rw
43 22 0:43 / /home/u/far rw - fuse.sshfs u@host: rw
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/srv/in", "ext4"), ("/srv/nas", "nfs4"), ("/srv/nas/in", "nfs4"), ("/srv/nass", "ext4"),
        ("/mnt/my share/x", "cifs"), ("/mnt/my share/local/x", "xfs"),
        ("/home/u/far/x", "fuse.sshfs"),
    ],
)  # fmt: skip
def test_the_file_system_of_a_place(place: str, kind: str) -> None:
    assert find_kind(read_mountinfo(MOUNTINFO), place) == kind


def test_the_file_system_of_a_place_on_macos() -> None:
    told = "/dev/disk3s1 on / (apfs, local)\n//u@nas/x on /Volumes/My Share (smbfs, nodev)\n"
    assert find_kind(read_mount_lines(told), "/Volumes/My Share/in") == "smbfs"
    assert find_kind(read_mount_lines(told), "/Users") == "apfs"


def test_polling_is_chosen_or_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Bell(tmp_path).has_events
    asked = Bell(tmp_path, 0.5)
    assert not asked.has_events and asked.look_s == 0.5 and not asked.notice
    monkeypatch.setattr("frisket.jobs.watch.bell.is_share", lambda folder: True)
    share = Bell(tmp_path)
    assert not share.has_events and share.look_s > 1
    monkeypatch.setattr("frisket.jobs.watch.bell.is_share", lambda folder: False)
    monkeypatch.setattr("frisket.jobs.watch.bell.find_spec", lambda name: None)
    bare = Bell(tmp_path)
    assert not bare.has_events
    assert '".[watch]"' in bare.notice and "--poll" in bare.notice


# ------------------------------------------------------------------ folders


@given(st.integers(1, 10**6), st.sampled_from(["a.jpg", "a", "a.b.png", "a-x.tif"]))
def test_a_numbered_name_tells_where_it_comes_from(number: int, name: str) -> None:
    folders = Folders(Path("root"), True)
    arrived = Path("root/in/sub") / name
    for home in ("work", "done", "failed"):
        moved = number_name(Path("root", home, "sub", name), number)
        assert folders.find_origin(moved) == folders.find_origin(arrived)


def test_what_excludes_each_other() -> None:
    with pytest.raises(BadOption, match="originals stay"):
        Manners(moves=True, ignore_updates=True)
    with pytest.raises(BadOption, match="overwrite"):
        Manners(duplicates="overwrit")


# ------------------------------------------------------------------ tickets


@pytest.fixture
def tickets(home: Path, tmp_path: Path) -> Tickets:
    """Tickets of a watch of tmp_path/in."""
    (tmp_path / "in").mkdir()
    arguments = argparse.Namespace(output=str(tmp_path / "out"))
    fill(arguments, WATCH_OPTIONS)
    return Tickets(arguments, read_place(arguments.output))


def write(tmp_path: Path, told: object) -> tuple[Path, Path]:
    picture = tmp_path / "in" / "a.jpg"
    ticket = picture.with_name("a.jpg.frisket.json")
    ticket.write_text(told if isinstance(told, str) else json.dumps(told), encoding="utf-8")
    return ticket, picture


def test_a_ticket_says_how_its_picture_is_cut(tickets: Tickets, tmp_path: Path) -> None:
    (tmp_path / "in" / "a.jpg.frisket.trimap.png").write_bytes(b"")
    asked = {
        "as": ["matte", "cutout"], "quality": "high", "box": [[1, 2, 30, 40]], "shift": -0.5,
        "trimap": "a.jpg.frisket.trimap.png", "output": "proofs/{stem}.{ext}",
    }  # fmt: skip
    order = tickets.read(*write(tmp_path, asked))
    assert [one.kind for one in order.choices] == ["matte", "cutout"]
    first = order.choices[0]
    assert (first.quality, first.hints.boxes, first.edge.shift_px) == (
        "high",
        ((1, 2, 30, 40),),
        -0.5,
    )
    assert first.hints.trimap == tmp_path / "in" / "a.jpg.frisket.trimap.png"
    assert first.model == "fake" and first.sandbox and first.batch, "as the watch was told"
    named = order.template.fill({"stem": "a", "ext": "png"})
    assert named == tmp_path / "out" / "proofs" / "a.png"


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"qualitty": "high"}, "qualitty: a ticket has no such option; did you mean 'quality'?"),
        ({"quality": "hihg"}, "did you mean 'high'?"),
        ({"quality": "hihg", "modle": "x"}, "modle"),
        ({"shift": 900}, "does not lie between"),
        ({"threshold": float("nan")}, "does not lie"),
        ({"all-layers": 1}, "true or false"),
        ({"server": "203.0.113.7:1"}, "server: a ticket has no such option"),
        ({"token-file": "/etc/passwd"}, "token-file: a ticket has no such option"),
        ({"sandbox": True}, "sandbox: a ticket has no such option"),
        ({"no-sandbox": True}, "no-sandbox: a ticket has no such option"),
        ({"overwrite": True}, "overwrite: a ticket has no such option"),
        ({"journal": "x"}, "journal: a ticket has no such option"),
        ({"trimap": "/etc/shadow"}, "belongs to the picture"),
        ({"trimap": "../a.jpg.frisket.x.png"}, "belongs to the picture"),
        ({"trimap": "a.jpg.frisket.x/../../y.png"}, "belongs to the picture"),
        ({"prior": "b.jpg.frisket.x.png"}, "belongs to the picture"),
        ({"prior": ["a.jpg.frisket.x.png"]}, "belongs to the picture"),
        ({"background": "/etc/x.png"}, "belongs to the picture"),
        ({"background": "~/x.png"}, "'~/x.png' is no file that belongs to the picture"),
        ({"background": "b.jpg.frisket.x.png"}, "belongs to the picture"),
        ({"background": "a.jpg.frisket.x/../../y.png"}, "belongs to the picture"),
        ({"background": __file__}, "belongs to the picture"),
        ({"icc": "/etc/x.icc"}, "belongs to the picture"),
        ({"icc": "../a.jpg.frisket.x.icc"}, "belongs to the picture"),
        ({"step": "mark:/etc/passwd"}, "step: a ticket has no such option"),
        ({"output": "../{stem}.png"}, "leaves the folder"),
        ({"output": "/tmp/{stem}.png"}, "leaves the folder"),
        ({"output": "C:\\x\\{stem}.png"}, "leaves the folder"),
        ({"output": "C:{stem}.png"}, "leaves the folder"),
        ({"output": "a\\..\\..\\{stem}.png"}, "leaves the folder"),
        ({"output": "{dir}/{stem}.png"}, "leaves the folder"),
        ({"output": ".frisket/{stem}.png"}, "leaves the folder"),
        ({"output": "{sub}../{stem}.png"}, "leaves the folder"),
        ({"output": "{sub}.frisket/{stem}.png"}, "leaves the folder"),
        ({"output": "{sub}"}, "leaves the folder"),
        ({"output": "{sub}/{sub}"}, "leaves the folder"),
        ({"output": "x\0y/{stem}.png"}, "output: 'x\\x00y/{stem}.png' holds a control character"),
        ({"output": "\x1b[2J{stem}.png"}, "holds a control character"),
        ({"output": "x\ud800/{stem}.png"}, "holds half of a character"),
        ({"\ud800": "x"}, "holds half of a character"),
        ({"output": "{name}.png"}, "no placeholder"),
        ({"output": "same.png"}, "same for every picture"),
        ([1], "no object of options"),
        ("x" * (1 << 17), "larger than"),
    ],
)
def test_what_a_ticket_may_not_say(
    tickets: Tickets, tmp_path: Path, told: object, said: str
) -> None:
    with pytest.raises(BadTicket) as caught:
        tickets.read(*write(tmp_path, told))
    assert said in str(caught.value) and "a.jpg.frisket.json" in str(caught.value)
    assert not isinstance(caught.value, TicketIncomplete)


@pytest.mark.parametrize(
    "told",
    [
        *('{"quality": "hi', "", "[" * 60000, {"trimap": "a.jpg.frisket.late.png"}),
        {"trimap": f"a.jpg.frisket.{'x' * 300}.png"},
        *({"background": "a.jpg.frisket.late.png"}, {"icc": "a.jpg.frisket.late.icc"}),
    ],
)
def test_what_may_not_be_all_of_a_ticket_yet(
    tickets: Tickets, tmp_path: Path, told: object
) -> None:
    with pytest.raises(TicketIncomplete):
        tickets.read(*write(tmp_path, told))


PIECES = ("a", ".", "..", "/", "\\", ":", "{", "}", "~", "{sub}", "{dir}", "{layer}")


@given(st.lists(st.sampled_from(PIECES), max_size=8))
def test_no_output_of_a_ticket_lies_outside(pieces: list[str]) -> None:
    arguments = argparse.Namespace(output="/srv/out")
    fill(arguments, WATCH_OPTIONS)
    tickets = Tickets(arguments, read_place("/srv/out"))
    try:
        text = "".join(pieces) + "{stem}"
        template = tickets.find_template(text, Path("a.jpg.frisket.json"))
    except (BadOption, BadName):
        return
    for values in ({"stem": "s", "layer": "l"}, {"stem": "s", "layer": "l", "sub": "x/y"}):
        place = os.path.normpath(template.fill(values))
        assert place.startswith("/srv/out/")


def test_a_ticket_holds_what_shapes_a_result() -> None:
    assert {"model", "quality", "as", "layer", "box", "trimap", "shift"} <= set(TICKET_OPTIONS)


def test_a_ticket_s_background_and_profile_are_side_cars(tickets: Tickets, tmp_path: Path) -> None:
    for name in ("beach.png", "print.icc"):
        (tmp_path / "in" / f"a.jpg.frisket.{name}").write_bytes(b"")
    asked = {"background": "a.jpg.frisket.beach.png", "icc": "a.jpg.frisket.print.icc"}
    [choice] = tickets.read(*write(tmp_path, asked)).choices
    found = {path.relative_to(tmp_path).as_posix() for path in list_paths(choice)}
    assert found == {"in/a.jpg.frisket.beach.png", "in/a.jpg.frisket.print.icc"}
    plain = {"background": "white", "icc": "srgb", "shadow": "drop"}
    [choice] = tickets.read(*write(tmp_path, plain)).choices
    assert choice.finish is not None and not list(list_paths(choice))


def list_paths(value: object) -> Iterator[Path]:
    """Every path in a value, however deep in it."""
    if isinstance(value, Path):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from list_paths(getattr(value, field.name))
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from list_paths(one)


@pytest.mark.parametrize("suffix", ["png", "icc"])
@pytest.mark.parametrize("name", [row.name for row in TICKET_OPTIONS.values()])
def test_no_option_of_a_ticket_reaches_a_file_outside(
    tickets: Tickets, tmp_path: Path, name: str, suffix: str
) -> None:
    outside = tmp_path / f"secret.{suffix}"
    outside.write_bytes(b"")
    try:
        order = tickets.read(*write(tmp_path, {name: str(outside)}))
    except BadTicket:
        return
    assert not list(list_paths(order.choices))
