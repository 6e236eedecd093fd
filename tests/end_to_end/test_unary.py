"""Calls that need no stream: one small picture, what the server can do, its models."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from PIL import ExifTags, Image, ImageCms
from serving import TOKEN, Server, noisy_disc, start_server, stop_server

from frisket.client.errors import TransportError
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import models_pb2

BEARER = (("authorization", f"Bearer {TOKEN}"),)
REFLECTION = "grpc.reflection.v1alpha.ServerReflection"


def call(server: Server, method: str, request: bytes) -> bytes:
    service = "ModelService" if method.endswith(("Model", "Models")) else "MattingService"
    return server.connect().unary(f"/frisket.v1.{service}/{method}", request, 60)


def encoded(picture: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("cutout", [False, True])
def test_a_small_picture_comes_back_matted(server: Server, cutout: bool) -> None:
    request = pb.MatteImageRequest(
        image=encoded(noisy_disc(300, 200)), options=pb.MatteOptions(model="fake"), cutout=cutout
    )
    reply = call(server, "MatteImage", request.SerializeToString())
    answer = pb.MatteImageResponse.FromString(reply)
    picture = np.asarray(Image.open(io.BytesIO(answer.image)))
    assert picture.shape == ((200, 300, 4) if cutout else (200, 300))
    alpha = picture[..., 3] if cutout else picture
    assert alpha[100, 150] == 255
    assert alpha[2, 2] == 0
    assert (answer.width, answer.height, answer.model) == (300, 200, "fake")
    assert answer.HasField("subject")


def matte(server: Server, image: Image.Image, cutout: bool, **how: Any) -> Image.Image:
    """The answer to a picture that is saved so."""
    buffer = io.BytesIO()
    image.save(buffer, how.pop("kind", "PNG"), **how)
    request = pb.MatteImageRequest(
        image=buffer.getvalue(), options=pb.MatteOptions(model="fake"), cutout=cutout
    )
    reply = call(server, "MatteImage", request.SerializeToString())
    return Image.open(io.BytesIO(pb.MatteImageResponse.FromString(reply).image))


def test_sixteen_bits_of_grey_are_seen_as_eight(server: Server) -> None:
    grey = noisy_disc(300, 200)[..., 0]
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    shown = matte(server, deep, True)
    np.testing.assert_array_equal(*(
        np.asarray(one) for one in (shown, matte(server, Image.fromarray(grey), True))
    ))  # fmt: skip
    assert len(np.unique(np.asarray(shown)[..., 0])) > 20


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_is_transparent_stays_so_and_keeps_its_colours(server: Server, kind: str) -> None:
    rgb = noisy_disc(300, 200)
    own = np.full((200, 300), 255, np.uint8)
    own[:, 130:160], own[:, 160:] = 100, 0
    rgba = Image.fromarray(np.dstack([rgb, own]))
    how = {"kind": kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {})}
    alpha = np.asarray(matte(server, rgba, False, **how))
    assert alpha[100, 118:128].min() == 255
    assert np.abs(alpha[90:110, 135:155].astype(int) - 100).max() <= 1
    assert alpha[:, 160:].max() == 0
    cutout = np.asarray(matte(server, rgba, True, **how))
    np.testing.assert_array_equal(cutout[..., 3], alpha)
    np.testing.assert_array_equal(cutout[:, 130:160, :3], rgb[:, 130:160])


def test_a_palette_with_a_transparent_colour_is_seen_so(server: Server) -> None:
    palette = Image.fromarray(noisy_disc(300, 200)).quantize(32)
    clear = palette.getpixel((150, 100))
    alpha = np.asarray(matte(server, palette, False, transparency=clear))
    assert alpha[100, 150] == 0


def test_a_cutout_keeps_its_profile_and_how_it_is_turned(server: Server) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    picture = Image.fromarray(noisy_disc(300, 200))
    how = {"kind": "JPEG", "icc_profile": profile, "exif": exif}
    cutout, alpha = (matte(server, picture, wanted, **how) for wanted in (True, False))
    assert cutout.info["icc_profile"] == profile and "icc_profile" not in alpha.info
    for answer in (cutout, alpha):
        assert answer.size == (300, 200)
        assert answer.getexif()[ExifTags.Base.Orientation] == 6


@pytest.mark.parametrize("image", [b"", b"no picture", encoded(noisy_disc(300, 200))[:900]])
def test_what_is_no_picture_is_refused(server: Server, image: bytes) -> None:
    request = pb.MatteImageRequest(image=image, options=pb.MatteOptions(model="fake"))
    with pytest.raises(TransportError) as caught:
        call(server, "MatteImage", request.SerializeToString())
    assert caught.value.reason == "BAD_IMAGE"


def test_a_picture_that_would_unpack_to_gigabytes_is_refused(server: Server) -> None:
    bomb = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    request = pb.MatteImageRequest(image=bomb.getvalue())
    with pytest.raises(TransportError) as caught:
        call(server, "MatteImage", request.SerializeToString())
    assert caught.value.reason == "TOO_LARGE"
    assert "open a Matte stream" in str(caught.value)


def test_the_server_says_what_it_can_do(server: Server) -> None:
    answer = pb.GetCapabilitiesResponse.FromString(call(server, "GetCapabilities", b""))
    assert answer.protocol_version == 1
    assert {model.name for model in answer.models if model.present} >= {"classic"}
    assert sum(model.is_default for model in answer.models) == 1


def test_models_are_loaded_and_dropped(server: Server) -> None:
    name = models_pb2.LoadModelRequest(name="classic").SerializeToString()
    loaded = models_pb2.LoadModelResponse.FromString(call(server, "LoadModel", name))
    assert loaded.model.loaded
    call(server, "UnloadModel", name)
    assert not find(server, "classic").loaded


def find(server: Server, name: str) -> pb.Model:
    listed = models_pb2.ListModelsResponse.FromString(call(server, "ListModels", b""))
    return next(model for model in listed.models if model.name == name)


def test_a_model_is_pinned_until_it_is_dropped(server: Server) -> None:
    for pin, expected in ((True, True), (False, True)):
        request = models_pb2.LoadModelRequest(name="classic", pin=pin).SerializeToString()
        answer = models_pb2.LoadModelResponse.FromString(call(server, "LoadModel", request))
        assert answer.model.pinned is expected
    assert find(server, "classic").pinned
    call(server, "UnloadModel", models_pb2.UnloadModelRequest(name="classic").SerializeToString())
    assert not find(server, "classic").pinned


def test_reflection_lists_the_services(server: Server) -> None:
    with grpc.insecure_channel(server.address.target) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        answer = next(iter(stub.ServerReflectionInfo(iter([request]), metadata=BEARER)))
    names = {service.name for service in answer.list_services_response.service}
    assert names == {
        "frisket.v1.MattingService",
        "frisket.v1.ModelService",
        "frisket.v1.SequenceService",
        "grpc.health.v1.Health",
        REFLECTION,
    }


def test_bytes_that_are_no_reflection_request_are_refused(server: Server) -> None:
    with grpc.insecure_channel(server.address.target) as channel:
        ask = channel.stream_stream(f"/{REFLECTION}/ServerReflectionInfo")
        with pytest.raises(grpc.RpcError) as caught:
            list(ask(iter([b"\xff\xff"]), metadata=BEARER))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_an_idle_server_leaves(tmp_path: Path) -> None:
    started = time.monotonic()
    server = start_server(tmp_path, "--idle-exit", "1")
    try:
        assert server.process.wait(60) == 0
        assert time.monotonic() - started >= 1
    finally:
        stop_server(server)
