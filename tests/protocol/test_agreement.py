"""The numbers and names of the protocol's room are those of `matting.proto`, comments included."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2

from frisket.client.options import Edge
from frisket.matting.engine import normalise
from frisket.models.backends import providers
from frisket.protocol import choices, limits, methods
from frisket.protocol.formats import PROXY_FORMATS, TILE_FORMATS, PixelFormat, pixel_format
from frisket.protocol.reasons import CLIENT_REASONS, REASON_DOMAIN, REASON_TRAILER, Reason
from frisket.v1 import local_pb2 as local_pb
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import models_pb2 as models_pb
from frisket.v1 import sequence_pb2 as sequence_pb

ROOT = Path(__file__).resolve().parents[2]
PROTO = (ROOT / "proto/frisket/v1/matting.proto").read_text(encoding="utf-8")
COMMENTS = " ".join(re.findall(r"//(.*)", PROTO)).replace(",", "")
COMMENTS = re.sub(r"\s+", " ", COMMENTS)


def test_pixel_formats_are_those_of_the_wire() -> None:
    wire = {value.name: value.number for value in pb.PixelFormat.DESCRIPTOR.values if value.number}
    assert {form.wire_name: int(form) for form in PixelFormat} == wire


@pytest.mark.parametrize("form", PixelFormat)
def test_a_pixel_format_is_what_its_name_says(form: PixelFormat) -> None:
    colours, depth = re.fullmatch(r"(GRAY|RGB|RGBA)(8|16)", form.name).groups()  # type: ignore[union-attr]
    channels = {"GRAY": 1, "RGB": 3, "RGBA": 4}[colours]
    assert (form.channels, form.depth) == (channels, int(depth))
    assert form.pixel_bytes == channels * int(depth) // 8
    assert pixel_format(form.channels, form.depth) is form


@pytest.mark.parametrize(("field", "formats"), [("tile", TILE_FORMATS), ("proxy", PROXY_FORMATS)])
def test_what_a_plane_may_be_is_what_the_wire_says(
    field: str, formats: frozenset[PixelFormat]
) -> None:
    pattern = {
        "tile": r"Format of the tiles the client will send: (.*?)\.",
        "proxy": r"proportions rounded up to whole pixels (.*?)\.",
    }[field]
    said = re.search(pattern, COMMENTS)
    assert said and set(re.findall(r"[A-Z]+\d+", said[1])) == {form.name for form in formats}


@pytest.mark.parametrize(
    "sentence",
    [
        f"one message is at most {limits.MAX_MESSAGE_BYTES >> 20} MiB its pixels at most "
        f"{limits.MAX_PIXEL_BYTES >> 20} MiB as sent",
        f"at most {limits.MAX_SIDE_PX} pixels a side and "
        f"{limits.MAX_LAYER_PIXELS // 10**9} gigapixels",
        f"tile_size is {limits.MIN_TILE_PX}..{limits.MAX_TILE_PX} and",
        f"Unset: the server's choice {limits.DEFAULT_TILE_PX}.",
        f"a layer has at most {limits.MAX_TILES} tiles",
        f"reduced to at most {limits.MAX_PROXY_SIDE_PX} pixels on its longer side",
        f"At most {limits.MAX_BOXES} boxes {limits.MAX_POINTS} points and "
        f"{limits.MAX_SCRIBBLES} scribbles of {limits.MAX_SCRIBBLE_POINTS} points",
        f"in pixels of the proxy 1..{limits.MAX_PROXY_SIDE_PX}.",
        f"where the model looked at most {limits.MAX_NOTE_BYTES} bytes.",
        f"This protocol's version: {limits.PROTOCOL_VERSION}.",
        "(a tile failed its checksum three times)",
        f'google.rpc.ErrorInfo (domain "{REASON_DOMAIN}"',
        f"the trailer `{REASON_TRAILER}` repeats",
    ],
)
def test_limits_are_those_the_wire_tells_clients_in_other_languages(sentence: str) -> None:
    assert sentence in COMMENTS
    assert limits.MAX_REJECTIONS == 3, "the number of the sentence about checksums"


def test_edge_limits_are_those_the_wire_tells() -> None:
    controls = re.search(r"message EdgeControls \{(.*?)\n\}", PROTO, re.S)
    assert controls
    fields = re.findall(r"//(.*?)\n\s*float (\w+)", controls[1], re.S)
    said = {name: re.search(r"(-?\d+)\.\.(\d+)", text) for text, name in fields}
    found = {name: (int(pair[1]), int(pair[2])) for name, pair in said.items() if pair}
    assert found == limits.EDGE_LIMITS
    assert limits.EDGE_LIMITS.keys() == dataclasses.asdict(Edge()).keys()


def test_reasons_are_those_the_wire_lists() -> None:
    block = PROTO[PROTO.index("Reasons:") : PROTO.index("syntax =")]
    statuses = r"INVALID_ARGUMENT|NOT_FOUND|FAILED_PRECONDITION|UNAUTHENTICATED"
    statuses += (
        r"|RESOURCE_EXHAUSTED|UNAVAILABLE|DATA_LOSS|DEADLINE_EXCEEDED|INTERNAL|PERMISSION_DENIED"
    )
    words = re.findall(r"\b[A-Z][A-Z_]{3,}\b", re.sub(rf"\b({statuses})\b", "", block))
    failures = re.search(r"// (.*)\n\s*string reason = 2;", PROTO)
    assert failures
    listed = {*words, *re.findall(r"[A-Z_]{4,}", failures[1])}
    assert listed == {str(reason) for reason in set(Reason) - CLIENT_REASONS}


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_travels_as_its_name(reason: Reason) -> None:
    """So that a table keyed by reasons is read with what arrived."""
    assert {reason: "step"}[reason.name] == "step"  # type: ignore[index]
    assert f"{reason}" == reason.name == reason


def test_qualities_are_those_of_the_wire_from_least_to_most() -> None:
    wire = [value.name for value in pb.Quality.DESCRIPTOR.values if value.number]
    assert [choices.quality_wire_name(quality) for quality in choices.QUALITIES] == wire
    assert choices.DEFAULT_QUALITY in choices.QUALITIES
    with pytest.raises(ValueError, match="no quality 'excellent'"):
        choices.quality_wire_name("excellent")


def test_normalise_is_what_the_wire_says() -> None:
    said = re.search(
        r'"off" \(also when empty\) "auto" or a comma-separated choice of(.*?)\.', COMMENTS
    )
    assert said and set(said[1].split()) == set(choices.NORMALISE_STEPS)
    known = (choices.NORMALISE_OFF, choices.NORMALISE_AUTO, *choices.NORMALISE_STEPS)
    assert known == normalise.CHOICES


@pytest.mark.parametrize("device", choices.DEVICES)
def test_the_backend_knows_every_device(device: str) -> None:
    everything = (providers.TENSORRT, providers.CUDA, providers.CPU)
    assert providers.choose_providers(device, everything)


def test_methods_are_those_of_the_services() -> None:
    services = [*pb.DESCRIPTOR.services_by_name.values()]
    services += models_pb.DESCRIPTOR.services_by_name.values()
    services += sequence_pb.DESCRIPTOR.services_by_name.values()
    services += local_pb.DESCRIPTOR.services_by_name.values()
    services += health_pb2.DESCRIPTOR.services_by_name.values()
    named = {f"/{each.full_name}/{method.name}" for each in services for method in each.methods}
    ours = {value for name, value in vars(methods).items() if name.isupper()}
    assert ours and ours <= named
