"""`frisket batch` as a studio runs it: a folder in the evening, the same command in the morning."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from command import FRISKET, frisket, layered, refused
from graphs import family_graph
from PIL import Image
from psd_tools import PSDImage
from serving import noisy_disc

from frisket.cli.exits import Exit
from frisket.client.errors import ClientError
from frisket.jobs import Batch
from frisket.jobs.batch import events
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.run import Rules
from frisket.models import manifest
from frisket.review.decisions import Decisions


def files(folder: Path) -> set[str]:
    """Every file below a folder, without the journal."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if path.parts[0] != ".frisket"}


def stamps(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_mtime_ns for name in files(folder)}


def batch(*arguments: object, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = frisket("batch", *arguments)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_a_folder_keeps_its_folders_and_is_done_once(work: Path) -> None:
    done = batch("in", "-o", "out")
    assert files(work / "out") == {"a-cutout.png", "b-cutout.png", "more/c-cutout.png"}
    assert done.stdout.startswith("3 written")
    before = stamps(work / "out")
    again = batch(work / "in", "-o", work / "out")
    assert again.stdout.startswith("0 written, 3 done before"), "however it is spelt"
    assert stamps(work / "out") == before


def test_a_changed_input_is_done_again_and_said(work: Path) -> None:
    batch("in", "-o", "out")
    before = stamps(work / "out")
    Path("in/a.jpg").write_bytes(Path("in/more/c.jpg").read_bytes())
    os.utime("in/b.png")  # touched, and the same
    done = batch("in", "-o", "out")
    assert "a-cutout.png is made again: its input changed" in done.stderr
    assert done.stdout.startswith("1 written, 2 done before, 1 of them done again")
    after = stamps(work / "out")
    assert [name for name in before if before[name] != after[name]] == ["a-cutout.png"]
    same = Image.open("out/a-cutout.png").tobytes() == Image.open("out/more/c-cutout.png").tobytes()
    assert same


def test_another_recipe_and_a_lost_result_are_done_again(work: Path) -> None:
    batch("in/a.jpg", "-o", "out", "--as", "matte")
    soft = Path("out/a-matte.png").read_bytes()
    done = batch("in/a.jpg", "-o", "out", "--as", "matte", "--threshold", "0.5")
    assert "its recipe changed" in done.stderr
    assert Path("out/a-matte.png").read_bytes() != soft
    Path("out/a-matte.png").unlink()
    assert "it is gone" in batch(
        "in/a.jpg", "-o", "out", "--as", "matte", "--threshold", "0.5"
    ).stderr  # fmt: skip
    assert Path("out/a-matte.png").exists()
    assert "--force" in batch(
        "in/a.jpg", "-o", "out", "--as", "matte", "--threshold", "0.5", "--force"
    ).stderr  # fmt: skip


def test_several_results_of_each_input(work: Path) -> None:
    batch("in/a.jpg", "in/b.png", "-o", "out", "--as", "matte", "--as", "cutout", "--as", "matte")
    assert files(work / "out") == {
        "a-cutout.png", "a-matte.png", "b-cutout.png", "b-matte.png",
    }  # fmt: skip
    told = batch("in", "-o", "other", "--as", "matte", "--as", "comparison", "--json").stdout
    calls = [json.loads(line)["call"] for line in told.splitlines()]
    assert len(calls) == 6 and len(set(calls)) == 3, "one stream to the server for each input"
    alone = batch("in/a.jpg", "-o", "alone", "--as", "comparison").stdout
    assert alone.startswith("1 written")
    [made] = files(work / "alone")
    assert (work / "alone" / made).read_bytes() == (work / "other" / made).read_bytes()


def test_one_result_that_fails_takes_no_other_of_its_input_with_it(work: Path) -> None:
    Path("out").mkdir()
    Path("out/a-cutout.png").write_bytes(b"mine")
    kinds = ("--as", "matte", "--as", "cutout")
    done = batch("in/a.jpg", "-o", "out", *kinds, status=Exit.SOME_FAILED)
    assert done.stdout.startswith("1 written")
    assert Path("out/a-cutout.png").read_bytes() == b"mine"
    batch("in/a.jpg", "-o", "out", *kinds, "--overwrite", "--redo", "failed")
    assert files(work / "out") == {"a-matte.png", "a-cutout.png"}


def test_a_template_makes_its_folders(work: Path) -> None:
    layered(work / "in" / "poster.psd")
    batch("in", "-o", "out/{sub}/{stem}/{layer}.{ext}", "--as", "cutout")
    assert files(work / "out") == {
        "a/Image.png", "b/Image.png", "poster/Disc.png", "more/c/Image.png",
    }  # fmt: skip
    sentence = refused(2, "batch", "in", "-o", "{dir}/{stem}-x.{ext}")
    assert "--journal" in sentence
    batch("in", "-o", "{dir}/{stem}-x.{ext}", "--as", "matte", "--journal", "journal")
    made = files(work / "in")
    again = batch("in", "-o", "{dir}/{stem}-x.{ext}", "--as", "matte", "--journal", "journal")
    assert again.stdout.startswith("0 written, 4 done before"), "results are no inputs"
    assert files(work / "in") == made


def test_names_on_standard_input(work: Path) -> None:
    listed = "in/a.jpg\nin/more/c.jpg\n"
    done = subprocess.run(
        [*FRISKET, "batch", "-", "-o", "out"], input=listed, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert files(work / "out") == {"a-cutout.png", "c-cutout.png"}
    none = subprocess.run([*FRISKET, "batch", "-", "-o", "x"], input="", capture_output=True)
    assert none.returncode == Exit.USAGE


def test_what_fails_is_given_up_with_its_reason(work: Path) -> None:
    bad = Path("in/bad.jpg")
    bad.write_bytes(Path("in/a.jpg").read_bytes()[:200])
    os.utime(bad, (1e9, 1e9))  # an old file: nobody is still writing it
    done = batch("in", "-o", "out", status=Exit.SOME_FAILED)
    assert "in/bad.jpg: " in done.stderr
    assert len(files(work / "out")) == 3
    again = batch("in", "-o", "out", status=Exit.SOME_FAILED)
    assert "--redo failed tries them again" in again.stderr
    told = batch("--status", "out").stdout
    assert told.splitlines()[0].startswith("3 of 4 done, 1 failed")
    assert "failed      in/bad.jpg: " in told
    [failure] = json.loads(batch("--status", "out", "--json").stdout)["failures"]
    assert (failure["input"], failure["attempts"]) == ("in/bad.jpg", 1)
    bad.write_bytes(Path("in/a.jpg").read_bytes())
    assert batch("in", "-o", "out").stdout.startswith("1 written, 3 done before")


def test_a_file_that_is_still_written_is_tried_again(work: Path) -> None:
    whole = Path("in/a.jpg").read_bytes()
    half = Path("in/half.jpg")
    half.write_bytes(whole[:200])
    command = [*FRISKET, "batch", "in", "-o", "out", "--events"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if json.loads(line)["event"] == "failed":
                half.write_bytes(whole)
    assert running.returncode == 0
    assert "half-cutout.png" in files(work / "out")


def test_no_subject_is_told_apart(work: Path) -> None:
    Image.new("RGB", (300, 200), (128, 128, 128)).save("in/grey.png")
    done = batch("in", "-o", "out", "-m", "classic", status=Exit.SOME_FAILED)
    assert "1 without a subject" in done.stdout
    assert "no subject  in/grey.png" in batch("--status", "out").stdout


def test_what_should_be_looked_at(work: Path) -> None:
    done = batch("in/a.jpg", "-o", "out", "--fail-on", "review", status=Exit.NEEDS_REVIEW)
    assert "please check" in done.stderr
    assert batch("in/a.jpg", "-o", "out").returncode == 0
    assert "1 written" in batch("in/a.jpg", "-o", "out", "--redo", "review").stdout
    wrong = frisket("batch", "in/a.jpg", "-o", "out", "--redo", "faild")
    assert wrong.returncode == Exit.USAGE and "did you mean 'failed'?" in wrong.stderr


def test_events_and_json(work: Path) -> None:
    lines = batch("in", "-o", "out", "--events").stdout.splitlines()
    told = [json.loads(line) for line in lines]
    names = [one["event"] for one in told]
    assert names[0] == "job_started" and names[-1] == "completed"
    assert names.count("artifact_written") == names.count("progress") == 3
    written = next(one for one in told if one["event"] == "artifact_written")
    assert {"input", "output", "kind", "score", "needs_review", "reasons"} <= set(written)
    assert told[-1]["written"] == 3
    rows = batch("in", "-o", "other", "--json").stdout.splitlines()
    assert {json.loads(row)["output"] for row in rows} == {
        "other/a-cutout.png", "other/b-cutout.png", "other/more/c-cutout.png",
    }  # fmt: skip
    refused(2, "batch", "in", "-o", "out", "--json", "--events")


def test_a_dry_run_writes_nothing(work: Path) -> None:
    told = batch("in", "-o", "out", "--dry-run").stdout.splitlines()
    assert [line.split()[0] for line in told] == ["cut"] * 3
    assert not Path("out").exists()
    batch("in", "-o", "out")
    told = batch("in", "-o", "out", "--dry-run").stdout.splitlines()
    assert [line.split()[0] for line in told] == ["done"] * 3


def test_an_archive_for_handing_over(work: Path) -> None:
    batch("in", "-o", "night.zip")
    with zipfile.ZipFile("night.zip") as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {"a-cutout.png", "b-cutout.png", "more/c-cutout.png"}
        assert archive.read("a-cutout.png") == Path("night/a-cutout.png").read_bytes()


def test_a_strangers_file_is_not_replaced(work: Path) -> None:
    Path("out").mkdir()
    Path("out/a-cutout.png").write_bytes(b"mine")
    done = batch("in", "-o", "out", status=Exit.SOME_FAILED)
    assert "exists already" in done.stderr
    assert Path("out/a-cutout.png").read_bytes() == b"mine"
    batch("in", "-o", "out", "--overwrite", "--redo", "failed")
    assert Image.open("out/a-cutout.png").mode == "RGBA"


def test_what_cannot_be_written_is_told_by_its_own_name(work: Path) -> None:
    done = batch("in/a.jpg", "-o", "out/{stem}.gif", "--as", "cutout", status=Exit.SOME_FAILED)
    assert "out/a.gif: --as cutout is not written as .gif" in done.stderr
    assert ".frisket-" not in done.stderr + batch("--status", "out").stdout


def test_folders_inside_one_another(work: Path) -> None:
    assert "is input and output" in refused(2, "batch", "in", "-o", "in")
    batch("in", "-o", "in/out")
    again = batch("in", "-o", "in/out")
    assert again.stdout.startswith("0 written, 3 done before"), "results are no inputs"
    batch("in/more", "-o", "in")
    assert Path("in/c-cutout.png").exists()


def test_names_that_collide(work: Path) -> None:
    Path("in/a.png").write_bytes(Path("in/b.png").read_bytes())
    assert "would both be written to" in refused(2, "batch", "in", "-o", "out")
    Path("in/a.png").rename("in/B.jpg")
    if Path("in/b.jpg").exists():
        pytest.skip("this file system knows no case")
    assert "many systems take for one file" in refused(2, "batch", "in", "-o", "out")
    assert not Path("out").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_no_encoding_fits(work: Path) -> None:
    strange = os.fsdecode(b"in/\xff\xfe.jpg")
    os.link("in/a.jpg", strange)
    Path("in/a.jpg").unlink()
    batch("in", "-o", "out.zip", "--events")
    assert Path(os.fsdecode(b"out/\xff\xfe-cutout.png")).exists()
    assert batch("in", "-o", "out.zip").stdout.startswith("0 written, 3 done before")
    Path(strange).write_bytes(b"no picture")
    os.utime(strange, (1e9, 1e9))
    done = batch("in", "-o", "out.zip", status=Exit.SOME_FAILED)
    assert "in/??.jpg: " in done.stderr
    assert "2 of 3 done, 1 failed" in batch("--status", "out.zip").stdout
    assert json.loads(batch("--status", "out.zip", "--json").stdout)["failed"] == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_in_a_circle_and_to_nowhere(work: Path) -> None:
    Path("in/more/back").symlink_to(work / "in")
    Path("in/gone.jpg").symlink_to(work / "nowhere.jpg")
    done = batch("in", "-o", "out", status=Exit.SOME_FAILED)
    assert "gone.jpg" in done.stderr
    assert files(work / "out") == {"a-cutout.png", "b-cutout.png", "more/c-cutout.png"}


def test_a_model_that_is_not_there_stops_the_run(work: Path) -> None:
    sentence = refused(Exit.MODEL, "batch", "in", "-o", "out", "-m", "clasic")
    assert "did you mean 'classic'" in sentence and "3 results are not done" in sentence
    done = batch("in", "-o", "out", "-m", "fake")
    assert done.stdout.startswith("3 written"), "nothing was given up for it"


def test_what_a_person_asked_for_on_the_page_is_made(work: Path) -> None:
    batch("in/a.jpg", "-o", "out")
    output = Path("out/a-cutout.png")
    assert len(np.unique(np.asarray(Image.open(output))[..., 3])) > 2
    with Journal.open(Path("out/.frisket")) as journal:
        [row] = journal.rows()
        Decisions(journal).decide(row.id, row.changed, "redo", {"threshold": "0.5"})
    assert "0 of 1 done, 1 to be made" in batch("--status", "out").stdout
    assert batch("in/a.jpg", "-o", "out").stdout.startswith("1 written")
    assert set(np.unique(np.asarray(Image.open(output))[..., 3])) == {0, 255}


def test_a_result_that_is_made_anew_keeps_its_layer(work: Path) -> None:
    document = PSDImage.new("RGB", (400, 300), color=(200, 200, 200))
    for seed, name in enumerate(("Lower", "Upper")):
        disc = Image.fromarray(noisy_disc(300, 200, seed))
        document.append(document.create_pixel_layer(disc, name=name))
    document.save(work / "two.psd")
    command = ("two.psd", "-o", "out/{layer}.{ext}", "--as", "matte", "--all-layers")
    batch(*command)
    upper = Path("out/Upper.png").read_bytes()
    with Journal.open(Path("out/.frisket")) as journal:
        [row] = [one for one in journal.rows() if one.output.name == "Lower.png"]
        Decisions(journal).decide(row.id, row.changed, "redo", {"threshold": "0.5"})
    assert batch(*command).stdout.startswith("1 written, 1 done before")
    batch("two.psd", "-o", "sharp/{layer}.{ext}", *command[3:], "--threshold", "0.5")
    assert Path("out/Lower.png").read_bytes() == Path("sharp/Lower.png").read_bytes()
    assert Path("out/Upper.png").read_bytes() == upper


def test_a_model_that_vanishes_half_way_stops_the_run(work: Path) -> None:
    def add() -> None:
        done = frisket("models", "add", "own", "--family", "u2net", "--file", graph)
        assert done.returncode == 0, done.stderr

    def take_away(event: events.Event) -> None:
        if isinstance(event, events.ArtifactWritten):
            frisket("models", "remove", "own")
            frisket("server", "stop", "--wait", "0")

    graph = family_graph(manifest.find_family("u2net"), work / "own.onnx")
    add()
    run = Batch("in", "out", model="own", rules=Rules(jobs=1), listen=take_away)
    with pytest.raises(ClientError, match="own"):
        list(run)
    assert run.summary.failed == 0 and 1 <= len(files(work / "out")) < 3
    made = stamps(work / "out")
    add()
    assert batch("in", "-o", "out", "-m", "own").stdout.startswith(f"{3 - len(made)} written")
    assert len(files(work / "out")) == 3 and made.items() <= stamps(work / "out").items()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions of POSIX")
@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv is not installed")
def test_a_file_that_may_not_be_read_is_told_and_the_rest_is_done(work: Path) -> None:
    # Root may read everything by two rights, which are put down here.
    rights = "-dac_override,-dac_read_search"
    humble = ["setpriv", "--bounding-set", rights, "--inh-caps", rights]
    command = [*(humble if os.geteuid() == 0 else ()), *FRISKET, "batch", "in", "-o", "out"]
    Path("in/b.png").chmod(0)
    done = subprocess.run([*command, "--retries", "0"], capture_output=True, text=True)
    assert done.returncode == Exit.SOME_FAILED, done.stderr
    assert "in/b.png: cannot be read (permission denied)" in done.stderr
    assert files(work / "out") == {"a-cutout.png", "more/c-cutout.png"}
    Path("in/b.png").chmod(0o644)
    assert batch("in", "-o", "out", "--redo", "failed").stdout.startswith("1 written")
    Path("in/more").chmod(0)
    done = subprocess.run(command, capture_output=True, text=True)
    Path("in/more").chmod(0o755)
    assert (done.returncode, "cannot be listed" in done.stderr) == (Exit.BAD_INPUT, True)


def test_a_journal_that_cannot_be_used(work: Path) -> None:
    batch("in", "-o", "out")
    journal = Path("out/.frisket/journal.sqlite")
    journal.write_bytes(b"no journal at all" * 300)
    sentence = refused(Exit.BAD_OUTPUT, "batch", "in", "-o", "out")
    assert "damaged" in sentence and "move it away" in sentence
    assert len(files(work / "out")) == 3
    journal.rename("damaged.sqlite")
    assert "exists already" in batch("in", "-o", "out", status=Exit.SOME_FAILED).stderr
    journal.unlink()
    assert batch("in", "-o", "out", "--overwrite").stdout.startswith("3 written")
    assert "There is no journal" in refused(Exit.BAD_OUTPUT, "batch", "--status", "in")


def test_what_makes_no_sense(work: Path) -> None:
    assert "-o OUT" in refused(2, "batch", "in")
    assert "name inputs" in refused(2, "batch", "-o", "out")
    assert "names one file" in refused(2, "batch", "in", "-o", "out.png")
