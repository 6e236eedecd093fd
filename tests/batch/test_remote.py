"""Batches between places elsewhere: copied here first, and back as results are made."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath

import pytest
from command import frisket

from frisket.cluster.remote import RemoteError, RemoteFolder, RemoteResults, is_remote
from frisket.cluster.sending import Staging

fsspec = pytest.importorskip("fsspec", reason="needs the extra remote")


@pytest.fixture
def elsewhere() -> str:
    """An empty folder in the memory of this process."""
    files = fsspec.filesystem("memory")
    files.store.clear()
    return "memory://bucket/in"


def put(url: str, name: str, data: bytes) -> None:
    with fsspec.open(f"{url}/{name}", "wb") as file:
        file.write(data)


def test_only_addresses_are_elsewhere() -> None:
    assert is_remote("s3://bucket/in") and is_remote("memory://in")
    here = ("file:///in", "in/a.png", "C:\\in", "C:/in", "://in", "{stem}.png")
    assert not any(map(is_remote, here))


def test_a_folder_is_copied_once_and_what_changed_again(elsewhere: str, tmp_path: Path) -> None:
    put(elsewhere, "a.png", b"one")
    put(elsewhere, "more/b.png", b"two")
    fetched = RemoteFolder(elsewhere).fetch(tmp_path)
    assert sorted(file.relative_to(tmp_path).as_posix() for file in fetched) == [
        "a.png",
        "more/b.png",
    ]
    (tmp_path / "a.png").write_bytes(b"kept")
    put(elsewhere, "more/b.png", b"three")
    RemoteFolder(elsewhere).fetch(tmp_path)
    assert (tmp_path / "a.png").read_bytes() == b"kept", "it did not change"
    assert (tmp_path / "more" / "b.png").read_bytes() == b"three"


def test_one_file_can_be_named(elsewhere: str, tmp_path: Path) -> None:
    put(elsewhere, "a.png", b"one")
    staging = Staging([f"{elsewhere}/a.png"], str(tmp_path / "out"), tmp_path / "journal")
    [name] = staging.inputs
    assert Path(name).name == "a.png" and Path(name).read_bytes() == b"one"
    assert staging.results is None


def test_what_a_killed_run_did_not_copy_is_copied_by_the_next(
    elsewhere: str, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    (folder / "more").mkdir(parents=True)
    (folder / "a.png").write_bytes(b"one")
    (folder / "more" / "b.png").write_bytes(b"two")
    (folder / ".frisket-half").write_bytes(b"half")
    results = RemoteResults("memory://bucket/out", folder)
    results.send(folder / "a.png")
    results.send_missing()
    place = RemoteFolder("memory://bucket/out")
    assert place.list_sizes() == {"a.png": 3, "more/b.png": 3}
    RemoteResults("memory://bucket/never", tmp_path / "nothing").send_missing()


def test_what_is_wrong_is_one_sentence(elsewhere: str, tmp_path: Path) -> None:
    with pytest.raises(RemoteError, match=r"holds no file|no such place"):
        RemoteFolder("memory://bucket/empty").fetch(tmp_path)
    with pytest.raises(RemoteError, match=r"no place|needs"):
        RemoteFolder("nonsense://bucket")
    with pytest.raises(RemoteError, match="--journal"):
        Staging([elsewhere], "out", None)
    with pytest.raises(RemoteError, match="cannot be written"):
        RemoteFolder(f"file://{tmp_path}/file").send(tmp_path / "none", PurePosixPath("a"))


def test_a_name_that_leads_out_of_the_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    files = type(fsspec.filesystem("memory"))
    bad = {"/bucket/in/../../evil.png": {"size": 1}}
    monkeypatch.setattr(files, "find", lambda self, root, detail=False: bad)
    with pytest.raises(RemoteError, match="leads out"):
        RemoteFolder(elsewhere).fetch(tmp_path / "here")
    assert not (tmp_path / "evil.png").exists()


def test_a_batch_between_two_folders_elsewhere(work: Path) -> None:
    command = ["batch", f"local://{work}/in", "-o", f"local://{work}/there"]
    command += ["--journal", "journal", "--as", "matte"]
    done = frisket(*command)
    assert done.returncode == 0, done.stderr
    names = {file.relative_to("there").as_posix() for file in Path("there").rglob("*.png")}
    assert names == {"a-matte.png", "b-matte.png", "more/c-matte.png"}
    Path("there/b-matte.png").unlink()
    again = frisket(*command)
    assert again.returncode == 0, again.stderr
    assert Path("there/b-matte.png").is_file(), "what is missing there is copied again"


@pytest.mark.skipif(sys.platform == "win32", reason="starts a server of moto")
def test_a_bucket_of_s3(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = pytest.importorskip("moto.server", reason="needs moto[server]")
    pytest.importorskip("s3fs", reason="needs s3fs")
    import boto3

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    stand = server.ThreadedMotoServer(port=0)
    stand.start()
    try:
        host, port = stand.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        bucket = boto3.client("s3")
        bucket.create_bucket(Bucket="shop")
        for name in ("a.jpg", "more/c.jpg"):
            bucket.upload_file(str(work / "in" / name), "shop", f"in/{name}")
        place = ["-o", "s3://shop/out", "--journal", "journal", "--as", "matte"]
        done = frisket("batch", "s3://shop/in", *place)
        assert done.returncode == 0, done.stderr
        listed = bucket.list_objects_v2(Bucket="shop", Prefix="out/")["Contents"]
        assert {one["Key"] for one in listed} == {"out/a-matte.png", "out/more/c-matte.png"}
        lost = frisket("batch", "s3://none/in", *place)
        assert lost.returncode == 7
        assert "s3://none/in cannot be read" in lost.stderr
        assert lost.stderr.count("\n") == 1
    finally:
        stand.stop()
