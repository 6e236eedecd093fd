"""`frisket cut` on files, folders and globs: what is written where, and what is left alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from command import FRISKET, frisket, layered, refused
from PIL import Image
from serving import noisy_disc
from waiting import wait_until

from frisket.cli.exits import Exit


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


def written(folder: Path, *command: object) -> set[str]:
    """Run a command that must succeed and return the files that are new."""
    before = files(folder)
    done = frisket(*command)
    assert done.returncode == 0, done.stderr
    return files(folder) - before


def test_without_output_the_kind_is_in_the_name(home: Path, folder: Path) -> None:
    tifffile.imwrite("scan.tif", noisy_disc(300, 200), photometric="rgb")
    layered(folder / "poster.psd")
    Image.fromarray(noisy_disc(120, 90)).convert("CMYK").save("press.jpg")
    assert written(folder, "cut", "a.jpg") == {"a-cutout.png"}
    assert written(folder, "cut", "poster.psd") == {"poster-mask.psd"}
    assert written(folder, "cut", "scan.tif") == {"scan-alpha.tif"}
    assert written(folder, "cut", "scan.tif", "--as", "matte") == {"scan-matte.tif"}
    assert written(folder, "cut", "a.jpg", "--as", "matte") == {"a-matte.png"}
    assert written(folder, "cut", "press.jpg") == {"press-cutout.tif"}, "a PNG holds no CMYK"
    assert written(folder, "cut", "poster.psd", "--as", "cutout") == {"poster-cutout.png"}


def test_several_results_of_one_input_come_of_one_matte(home: Path, folder: Path) -> None:
    kinds = ("--as", "matte", "--as", "cutout", "--as", "matte")
    done = frisket("cut", "a.jpg", *kinds, "--json", "-o", "out/")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["output"] for one in told] == ["out/a-matte.png", "out/a-cutout.png"]
    assert len({one["call"] for one in told}) == 1, "one stream to the server, one model run"
    assert "add {kind}" in refused(2, "cut", "a.jpg", *kinds, "-o", "one.png")
    assert "one picture" in refused(2, "cut", "a.jpg", *kinds, "-o", "-")


def test_a_derived_name_overwrites_only_when_asked(home: Path, folder: Path) -> None:
    Path("a-cutout.png").write_bytes(b"mine")
    assert "--overwrite" in refused(5, "cut", "a.jpg")
    assert Path("a-cutout.png").read_bytes() == b"mine"
    assert written(folder, "cut", "a.jpg", "--overwrite") == set()
    assert Image.open("a-cutout.png").mode == "RGBA"
    Path("mine.png").write_bytes(b"mine")
    assert written(folder, "cut", "a.jpg", "-o", "mine.png") == set()
    assert Image.open("mine.png").mode == "RGBA", "a name that was spelt out is replaced"


def test_a_folder_gives_its_pictures(home: Path, folder: Path) -> None:
    Path("notes.txt").write_text("no picture")
    Path(".hidden.png").write_bytes(Path("b.png").read_bytes())
    Path("a-cutout.png").write_bytes(b"from another day")
    Path("x-cutout.png").write_bytes(Path("b.png").read_bytes())
    done = frisket("cut", ".", "-o", "out/")
    assert done.returncode == 0, done.stderr
    # x-cutout is nobody's result: there is no x.
    assert files(folder / "out") == {"a-cutout.png", "b-cutout.png", "x-cutout-cutout.png"}
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert [Path(name).name for name in names] == sorted(files(folder / "out"))


def test_a_glob_in_quotes_and_a_file_named_twice(home: Path, folder: Path) -> None:
    assert written(folder, "cut", "*.jpg", "a.jpg", "./a.jpg") == {"a-cutout.png"}
    assert "no file matches" in refused(3, "cut", "*.bmp")
    (folder / "empty").mkdir()
    assert "holds no picture" in refused(3, "cut", "empty")


def test_options_may_stand_between_inputs(home: Path, folder: Path) -> None:
    made = written(folder, "cut", "a.jpg", "--quality", "draft", "b.png")
    assert made == {"a-cutout.png", "b-cutout.png"}


def test_one_failing_file_does_not_stop_the_others(home: Path, folder: Path) -> None:
    Path("broken.png").write_bytes(b"\x89PNG no more")
    done = frisket("cut", "a.jpg", "broken.png", "b.png", "gone.png")
    assert done.returncode == Exit.PARTLY
    assert {"a-cutout.png", "b-cutout.png"} <= files(folder)
    told = [line for line in done.stderr.splitlines() if "broken.png" in line or "gone" in line]
    assert len(told) == 2
    assert frisket("cut", "broken.png", "gone.png").returncode == Exit.BAD_INPUT


def test_json_has_a_line_for_each_file(home: Path, folder: Path) -> None:
    done = frisket("cut", "a.jpg", "gone.png", "--json")
    good, bad = map(json.loads, done.stdout.splitlines())
    assert (good["input"], good["output"]) == ("a.jpg", "a-cutout.png")
    assert bad["input"] == "gone.png"
    assert (bad["status"], bool(bad["error"])) == (Exit.BAD_INPUT, True)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("a.jpg", "b.png", "-o", "one.png"), "both be written to one.png"),
        (("a.jpg", "a.png"), "both be written to a-cutout.png"),
        (("a.jpg", "b.png", "-o", "{dir}/b.png"), "b.png"),
        (("b.png", "--overwrite", "-o", "{dir}/{stem}.png"), "would replace the input"),
        (("a.jpg", "-o", "{dir}/{stm}.png"), "no placeholder"),
        (("a.jpg", "-o", "{class}.png"), "needs --classes"),
    ],
)
def test_collisions_are_refused_before_work(
    home: Path, folder: Path, command: tuple[str, ...], said: str
) -> None:
    Path("a.png").write_bytes(Path("b.png").read_bytes())
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert said in refused(2, "cut", *command)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_layers_by_template_are_names_and_never_paths(home: Path, folder: Path) -> None:
    from psd_tools import PSDImage

    document = PSDImage.new("RGB", (400, 300), color=(200, 200, 200))
    for name in ("../../escape", "Été 1", "CON"):
        disc = Image.fromarray(noisy_disc(200, 150))
        document.append(document.create_pixel_layer(disc, name=name, top=9, left=9))
    document.save("in.psd")
    made = written(
        folder,
        "cut",
        "in.psd",
        "--all-layers",
        "--as",
        "cutout",
        "-o",
        "{dir}/{stem}-{layer}.{ext}",
    )
    assert made == {"in-_.._escape.png", "in-Été 1.png", "in-_CON.png"}
    assert not (folder.parent.parent / "escape.png").exists()


def two_layers(path: Path, *, subject: bool) -> None:
    from psd_tools import PSDImage

    document = PSDImage.new("RGB", (400, 300), color=(128, 128, 128))
    plain = Image.new("RGB", (400, 300), (128, 128, 128))
    document.append(document.create_pixel_layer(plain, name="Background"))
    top = Image.fromarray(noisy_disc(300, 200)) if subject else plain
    document.append(document.create_pixel_layer(top, name="Top", top=9, left=9))
    document.save(path)


def test_all_layers_leave_out_those_without_a_subject(home: Path, folder: Path) -> None:
    two_layers(folder / "in.psd", subject=True)
    done = frisket("cut", "in.psd", "--all-layers", "-m", "classic", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert [layer["path"] for layer in said["layers"]] == ["Top"]
    assert said["without_subject"] == ["Background"]
    assert "no subject was found in layer 'Background'" in done.stderr
    masks = json.loads(frisket("layers", "in-mask.psd", "--json").stdout)["layers"]
    assert {layer["name"]: layer["has_mask"] for layer in masks} == {
        "Top": True,
        "Background": False,
    }


def test_no_layer_with_a_subject_is_status_8(home: Path, folder: Path) -> None:
    two_layers(folder / "in.psd", subject=False)
    said = refused(8, "cut", "in.psd", "--all-layers", "-m", "classic")
    assert "in any of 2 layers" in said
    assert not Path("in-mask.psd").exists()


def test_names_with_spaces_and_letters_of_anywhere(home: Path, folder: Path) -> None:
    name = "ein Bild ☀ déjà-vu.jpg"
    Path(name).write_bytes(Path("a.jpg").read_bytes())
    env = {**os.environ, "LC_ALL": "C", "HOME": str(folder)}
    done = subprocess.run(
        [*FRISKET, "cut", f"~/{name}", "-o", "~/out ☀/"], capture_output=True, env=env, timeout=90
    )
    assert done.returncode == 0, done.stderr
    assert files(folder / "out ☀") == {"ein Bild ☀ déjà-vu-cutout.png"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(home: Path, folder: Path) -> None:
    out = folder / "out"
    out.mkdir(mode=0o500)
    assert "no permission" in refused(5, "cut", "a.jpg", "-o", "out/")
    assert not list(out.iterdir())


def test_a_folder_that_cannot_be_made(home: Path, folder: Path) -> None:
    refused(5, "cut", "a.jpg", "-o", "b.png/out/")
    assert files(folder) == {"a.jpg", "b.png"}


def test_an_interrupt_keeps_what_is_finished_and_nothing_half(home: Path, folder: Path) -> None:
    frisket("cut", "a.jpg", "-o", "warm.png")
    Path("warm.png").unlink()
    tifffile.imwrite("large.tif", noisy_disc(5000, 4000), photometric="rgb", tile=(256, 256))
    running = subprocess.Popen(
        [*FRISKET, "cut", "a.jpg", "large.tif", "b.png", "--as", "matte", "-o", "out/"],
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until((folder / "out" / "a-matte.png").exists, "the first result")
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "nothing half-written" in said
    # Files are worked on together, so the small one behind it may be done as well.
    assert files(folder / "out") - {"b-matte.png"} == {"a-matte.png"}


def test_a_server_that_is_not_there_is_not_asked_for_ever(home: Path, folder: Path) -> None:
    for number in range(9):
        Path(f"c{number}.png").write_bytes(Path("b.png").read_bytes())
    done = frisket("cut", ".", "--server", "127.0.0.1:9")
    assert done.returncode == Exit.SERVER
    assert done.stderr.count("127.0.0.1:9") == 2
    assert "9 more were not tried" in done.stderr


class TestPipes:
    def run(self, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [*FRISKET, "cut", *arguments]
        return subprocess.run(command, input=given, capture_output=True, timeout=90)

    def test_in_and_out(self, home: Path, folder: Path) -> None:
        done = self.run("-", given=Path("a.jpg").read_bytes())
        assert done.returncode == 0, done.stderr
        assert written(folder, "cut", "a.jpg") == {"a-cutout.png"}
        assert done.stdout == Path("a-cutout.png").read_bytes()

    def test_only_in_and_only_out(self, home: Path, folder: Path) -> None:
        done = self.run("-", "-o", "x.png", given=Path("a.jpg").read_bytes())
        assert (done.returncode, Image.open("x.png").mode) == (0, "RGBA")
        out = self.run("a.jpg", "-o", "-", "-q")
        assert out.stdout == Path("x.png").read_bytes()
        assert out.stderr == b""

    def test_what_makes_no_sense(self, home: Path, folder: Path) -> None:
        bad = self.run("-", given=b"no picture")
        assert (bad.returncode, bad.stdout) == (3, b"")
        assert b"standard input" in bad.stderr and b"/tmp" not in bad.stderr
        for arguments in (("-", "a.jpg"), ("a.jpg", "b.png", "-o", "-"), ("-", "--json")):
            assert self.run(*arguments).returncode == 2


def test_a_threshold_leaves_no_soft_edge(home: Path, folder: Path) -> None:
    command = ("cut", "a.jpg", "--as", "matte")
    soft, hard = folder / "soft.png", folder / "hard.png"
    assert frisket(*command, "-o", soft).returncode == 0
    assert frisket(*command, "-o", hard, "--threshold", "0.25").returncode == 0
    alpha = np.asarray(Image.open(soft))
    assert len(np.unique(alpha)) > 2
    np.testing.assert_array_equal(np.asarray(Image.open(hard)), np.where(alpha >= 63.75, 255, 0))
    for wrong in ("0", "1.5", "128", "half"):
        assert frisket(*command, "--threshold", wrong).returncode == 2


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="xdg-open is Linux's")
def test_the_result_is_opened(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opener = folder / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text(f"#!/bin/sh\necho \"$1\" > '{folder}/opened'\n")
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{opener.parent}:{os.environ['PATH']}")
    assert frisket("cut", "a.jpg", "--open").returncode == 0
    opened = folder / "opened"
    wait_until(lambda: opened.exists() and opened.read_text(), "the viewer")
    assert opened.read_text().strip() == str(folder / "a-cutout.png")


def test_a_file_for_each_layer_with_a_subject(home: Path, folder: Path) -> None:
    two_layers(folder / "in.psd", subject=True)
    done = frisket(
        "cut", "in.psd", "--all-layers", "--as", "matte", "-m", "classic", "-o", "{layer}-{id}.png"
    )
    assert done.returncode == 0, done.stderr
    assert [path.name.partition("-")[0] for path in folder.glob("*-?.png")] == ["Top"]
    assert "no subject was found in 'Background'" in done.stderr


def test_a_terminal_that_knows_few_letters(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    Path("a.jpg").rename("é☀.jpg")
    done = frisket("cut", "é☀.jpg")
    assert done.returncode == 0, done.stderr
    assert "\\u2600" in done.stdout
    assert Path("é☀-cutout.png").exists()


def test_quiet_and_verbose(home: Path, folder: Path) -> None:
    done = frisket("cut", "a.jpg", "-q")
    assert (done.stdout, done.stderr) == ("", "")
    plain = frisket("cut", "a.jpg", "--overwrite").stdout
    assert plain.startswith("a-cutout.png  0.1 MP  ") and plain.endswith("fake, cpu\n")
    assert len(plain.splitlines()) == 1
    assert "uploaded" in frisket("cut", "a.jpg", "--overwrite", "-v").stdout
