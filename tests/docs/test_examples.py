"""Every file in examples/ does what its first line says, against a real server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from wsgiref.simple_server import make_server

import numpy as np
import pytest
from PIL import Image
from serving import Server, noisy_disc, start_server, stop_server

from frisket.jobs.connection import ServerChoice
from frisket.jobs.many import cut
from frisket.jobs.task import CutOptions

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start_server(tmp_path_factory.mktemp("home"))
    yield running
    stop_server(running)


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    """A picture larger than the proxy, with tiles of every kind."""
    path = tmp_path / "in.png"
    Image.fromarray(noisy_disc(2600, 1500)).save(path)
    return path


def run(command: list[object], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=120,
        env={**os.environ, **environment}, cwd=ROOT,
    )  # fmt: skip


def test_the_stream_in_python(
    server: Server, disc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, token = server.address.target, server.address.token
    out = tmp_path / "out.png"
    done = run([sys.executable, EXAMPLES / "stream_client.py", address, token, disc, out])
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("FRISKET_TOKEN", token)
    ours = CutOptions(kind="matte", server=ServerChoice(address))
    right = np.asarray(Image.open(cut(disc, tmp_path / "ours.png", ours).output)).astype(int)
    found = np.asarray(Image.open(out)).astype(int)
    # Its proxy is reduced by Pillow, ours by frisket's own exact average.
    assert np.abs(found - right).mean() < 0.5


def test_a_wrong_token_is_told(server: Server, disc: Path, tmp_path: Path) -> None:
    command = [sys.executable, EXAMPLES / "stream_client.py", server.address.target, "wrong"]
    done = run([*command, disc, tmp_path / "out.png"])
    assert done.returncode != 0
    assert "UNAUTHENTICATED" in done.stderr


def test_one_picture_in_javascript(server: Server, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    have = "require.resolve('@grpc/grpc-js'); require.resolve('@grpc/proto-loader')"
    known = subprocess.run([node, "-e", have], capture_output=True, cwd=EXAMPLES)
    if known.returncode:
        pytest.skip("run 'npm install' in examples/ for @grpc/grpc-js and @grpc/proto-loader")
    picture, out = tmp_path / "in.png", tmp_path / "out.png"
    Image.fromarray(noisy_disc(640, 480)).save(picture)
    command = [node, EXAMPLES / "matte_image.js", server.address.target]
    done = run([*command, server.address.token, picture, out])
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("640 x 480, embedded on cpu")
    cutout = Image.open(out)
    assert (cutout.mode, cutout.size) == ("RGBA", (640, 480))
    assert cutout.getpixel((320, 240))[3] == 255
    done = run([*command, "wrong", picture, out])
    assert done.returncode == 1
    assert done.stderr.startswith("BAD_TOKEN: ")


def folder_of_pictures(folder: Path) -> Path:
    folder.mkdir()
    Image.fromarray(noisy_disc(320, 240)).save(folder / "a disc.png")
    Image.fromarray(noisy_disc(320, 240)).save(folder / "b.tif")
    Image.new("RGB", (320, 240), (128, 128, 128)).save(folder / "c.png")
    (folder / "d.png").write_bytes(b"no picture")
    return folder


def test_a_night_in_the_shell(tmp_path: Path, local_home: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    source, out = folder_of_pictures(tmp_path / "in"), tmp_path / "out"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = run(["bash", EXAMPLES / "night.sh", source, out], PATH=path)
    assert done.returncode == 0, done.stderr
    names = {str(one.relative_to(out)) for one in out.rglob("*") if one.is_file()}
    assert {name.removeprefix("review/") for name in names} >= {"a disc.png.png", "b.tif"}
    assert "review/c.png" in names
    assert (out / "failed.txt").read_text() == f"3 {source / 'd.png'}\n"


def test_a_night_in_python(tmp_path: Path, local_home: Path) -> None:
    source, out = folder_of_pictures(tmp_path / "in"), tmp_path / "out"
    done = run([sys.executable, EXAMPLES / "night.py", source, out])
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["a disc.png", "b.tif", "c.png", "d.png"]
    assert "no subject" in lines[2]
    assert {one.name for one in out.iterdir()} == {"a disc.png.tif", "b.tif.tif"}


def test_pictures_for_a_shop(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    cutout = np.zeros((1300, 1200, 4), np.uint8)
    cutout[100:1200, 100:1100] = (200, 80, 40, 255)
    Image.fromarray(cutout).save(source / "box.png")
    Image.new("RGB", (20, 20)).save(source / "whole.png")
    done = run([sys.executable, EXAMPLES / "finish_shop.py", source, out])
    assert done.returncode == 1
    assert "whole.png: there is no transparency in it" in done.stderr
    assert {one.name for one in out.iterdir()} == {"box.jpg", "box.webp"}
    picture = Image.open(out / "box.jpg")
    assert picture.size[0] == picture.size[1] and picture.getpixel((0, 0)) == (255, 255, 255)


def test_a_folder_and_the_same_again(tmp_path: Path, local_home: Path) -> None:
    source, out = folder_of_pictures(tmp_path / "in"), tmp_path / "out"
    os.utime(source / "d.png", (1e9, 1e9))
    done = run([sys.executable, EXAMPLES / "folder.py", source, out])
    assert done.returncode == 1, done.stderr
    assert {one.name for one in out.glob("*.*") if one.is_file()} == {
        "a disc-cutout.png", "b-cutout.tif",
    }  # fmt: skip
    assert len(done.stdout.splitlines()) == 4
    assert run([sys.executable, EXAMPLES / "folder.py", source, out]).stdout == ""


def test_a_droplet(tmp_path: Path, local_home: Path) -> None:
    source = folder_of_pictures(tmp_path / "in")
    dropped = [source / "a disc.png", source / "b.tif"]
    done = run([sys.executable, EXAMPLES / "droplet.py", *dropped])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == "2 of 2"
    names = {one.name for one in (source / "masked").iterdir() if one.is_file()}
    assert names == {"a disc-cutout.png", "b-alpha.tif"}


def test_the_web_service(local_home: Path, tmp_path: Path) -> None:
    spec = util.spec_from_file_location("web_service", EXAMPLES / "web_service.py")
    assert spec and spec.loader
    example = util.module_from_spec(spec)
    spec.loader.exec_module(example)
    Image.fromarray(noisy_disc(320, 240)).save(tmp_path / "in.jpg")
    with make_server("127.0.0.1", 0, example.service) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{web.server_port}"
        with urllib.request.urlopen(url, (tmp_path / "in.jpg").read_bytes()) as answer:
            assert answer.read().startswith(b"\x89PNG")
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url, b"no picture")
        assert (caught.value.code, caught.value.read()[:10]) == (422, b"the image:")
        web.shutdown()
