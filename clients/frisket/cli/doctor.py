"""`frisket doctor`: what is installed, what answers, and what to do about the rest."""

from __future__ import annotations

import argparse
import io
import json
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frisket.about import VERSION
from frisket.cli.exits import Exit
from frisket.cli.server_options import add_server_options, server_choice

if TYPE_CHECKING:
    from frisket.client.transport import Transport
    from frisket.jobs.connection import ServerChoice
    from frisket.v1 import matting_pb2 as pb

_LEAST_FREE = 1 << 30
_TRIAL_SIDE_PX = 256
_TRIAL_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Finding:
    """One thing looked at: what it was, whether it is well, and what there is to say."""

    check: str
    good: bool
    text: str


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser("doctor", help="check the installation and the server")
    add_server_options(parser)
    parser.add_argument("--json", action="store_true", help="one JSON list")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print one line for each finding; fail when something is wrong."""
    findings = []
    for finding in _examine(arguments):
        findings.append(finding)
        if not arguments.json:
            print(f"{'ok  ' if finding.good else 'BAD '} {finding.text}", flush=True)
    if arguments.json:
        print(json.dumps([asdict(finding) for finding in findings]))
    return Exit.OK if all(finding.good for finding in findings) else Exit.UNEXPECTED


def _examine(arguments: argparse.Namespace) -> Iterator[Finding]:
    choice = server_choice(arguments)
    yield from _examine_packages()
    if not choice.address:
        yield from _examine_runtime()
        yield from _examine_devices()
        yield from _examine_plans()
    yield from _examine_disk()
    yield from _examine_plugins()
    if choice.address or not _find_lack():
        yield from _examine_server(choice)


def _examine_packages() -> Iterator[Finding]:
    from frisket.cli.packages import list_requirements
    from frisket.extras import find_shadow

    yield Finding(
        "frisket",
        True,
        f"frisket {VERSION}, Python {platform.python_version()} in {sys.prefix}, "
        f"{platform.platform()}",
    )
    if shadow := find_shadow():
        yield Finding(
            "shadow", False, f"{shadow} is another project's and hides this one: remove it"
        )
    for requirement in list_requirements():
        good, text = requirement.check()
        if requirement.present or not good:
            yield Finding("package", good, text)


def _find_lack() -> str:
    from frisket.server_needs import explain_lack

    return explain_lack()


def _examine_runtime() -> Iterator[Finding]:
    from frisket.cli.packages import RUNTIMES, list_runtimes

    if lack := _find_lack():
        yield Finding("runtime", False, lack)
    found = list_runtimes()
    if len(found) > 1:
        yield Finding(
            "runtime",
            False,
            f"{' and '.join(found)} overwrite each other's files: uninstall both, then "
            f"install one; run: pip uninstall {' '.join(RUNTIMES)}",
        )
    elif found and not lack:
        yield _examine_providers(found[0])


def _examine_providers(found: str) -> Finding:
    from frisket.models import ModelError
    from frisket.models.backends.onnx import import_runtime

    try:
        providers = import_runtime().get_available_providers()
    except (ModelError, ImportError, OSError) as error:
        return Finding("runtime", False, f"{found} cannot be loaded: {error}")
    names = ", ".join(name.removesuffix("ExecutionProvider") for name in providers)
    return Finding("runtime", True, f"{found} can run models on: {names}")


def _examine_devices() -> Iterator[Finding]:
    """Say of each device that may be asked for whether it can be had, and why not."""
    from frisket.models import ModelError
    from frisket.models.backends.onnx import import_runtime
    from frisket.models.backends.providers import explain_devices
    from frisket.models.manifest import read_shipped

    try:
        available = import_runtime().get_available_providers()
    except (ModelError, ImportError, OSError):
        return  # said of the runtime
    yield from (Finding("device", True, f"device {text}") for text in explain_devices(available))
    half = sorted(spec.name for spec in read_shipped().values() if spec.half)
    yield Finding("device", True, f"half precision (cuda+half) is for {', '.join(half)}")


def _examine_plans() -> Iterator[Finding]:
    """Say how the models run that were measured on this machine, and why so."""
    from frisket.models.measured import Record
    from frisket.protocol.home import home

    for graph, plan, seconds in Record(home()).list_measured():
        told = ", ".join(f"{name} {taken:.2f} s" for name, taken in seconds.items())
        yield Finding("plan", True, f"{graph} runs as '{plan.name}' (measured: {told})")


def _examine_disk() -> Iterator[Finding]:
    from frisket.protocol.home import home

    yield _examine_folder("home", home(), "set FRISKET_HOME to another folder")
    yield _examine_folder("temp", Path(tempfile.gettempdir()), "set TMPDIR to another folder")


def _examine_folder(check: str, folder: Path, advice: str) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"frisket")
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding(check, False, f"{folder} cannot be written: {error.strerror}; {advice}")
    text = f"{folder} ({check}) can be written, {free / 2**30:.1f} GiB free"
    if free < _LEAST_FREE:
        return Finding(check, False, f"{text}: too little for large layers; {advice}")
    return Finding(check, True, text)


def _examine_plugins() -> Iterator[Finding]:
    from frisket.cli.plugin_places import HOSTS, this_machine
    from frisket.hosts.settings import read_json

    machine = this_machine()
    for place in (place for host in HOSTS.values() for place in host.find_places(machine)):
        name, folder = place.host.name, place.plugin
        where = f"{name} ({place.kind})"
        if not folder.is_dir():
            advice = f"'frisket plugins install {name}' adds it"
            yield Finding("plugin", True, f"{where}: no plug-in; {advice}")
            continue
        there = str(read_json(folder / "install.json").get("version", "unknown"))
        good = there == VERSION
        advice = "" if good else f"; update it: 'frisket plugins install {name}'"
        yield Finding("plugin", good, f"{where}: plug-in {there} in {folder}{advice}")


def _examine_server(choice: ServerChoice) -> Iterator[Finding]:
    from frisket.client.capabilities import ask_capabilities
    from frisket.client.errors import ClientError, TransportError
    from frisket.jobs.connection import connect, raise_loss

    transport = None
    try:
        transport = connect(choice)
        answer = ask_capabilities(transport, _TRIAL_TIMEOUT_S)
        yield _tell_server(choice, answer)
        yield _tell_models(answer)
        model, device = _try_default(transport, answer)
        yield model
        yield _explain_device(answer.device, device)
    except TransportError as error:
        try:
            raise_loss(choice, error)
        except ClientError as shown:
            yield Finding("server", False, f"server: {shown}")
    except ClientError as error:
        yield Finding("server", False, f"server: {error}")
    finally:
        if transport is not None:
            transport.close()


def _tell_server(choice: ServerChoice, answer: pb.GetCapabilitiesResponse) -> Finding:
    mine = VERSION
    there = f"server ({choice.address or 'local'}): frisket {answer.server_version}"
    if answer.server_version != mine:
        there += f" (this command is {mine})"
    return Finding("server", True, f"{there}, device {answer.device}")


def _tell_models(answer: pb.GetCapabilitiesResponse) -> Finding:
    present = [model.name for model in answer.models if model.present]
    default = next((model.name for model in answer.models if model.is_default), "")
    text = f"models: {', '.join(present) or 'none'}; default {default or 'none'}"
    if default == "classic":
        text += "; 'frisket models default embedded' chooses a learned model, far better"
    return Finding("models", bool(default), text)


def _explain_device(asked: str, found: str) -> Finding:
    """Say which device a server chose, and how it runs graphs there."""
    from frisket.protocol.devices import BadDevice, parse_device, split_devices

    try:
        devices = list(map(parse_device, split_devices(asked)))
    except BadDevice:  # of a server of another version
        return Finding("device", True, f"device {asked} runs on {found}")
    text = f"device {asked} runs on {'the processor' if found == 'cpu' else found}"
    if found != "cpu":
        precision = "half" if devices[0].half else "the file's own"
        graphs = devices[0].graphs and devices[0].kind != "tensorrt"
        captured = "CUDA graphs where shapes are fixed" if graphs else "no CUDA graphs"
        text += f": {precision} precision, {captured}"
    if len(devices) > 1:
        text += f"; sessions are spread over {len(devices)} devices"
    return Finding("device", True, text)


def _try_default(transport: Transport, answer: pb.GetCapabilitiesResponse) -> tuple[Finding, str]:
    """Run the default model once on the server; return what is to be said, and its device.

    The loading before is not counted.
    """
    from frisket.protocol.methods import LOAD_MODEL, MATTE_IMAGE
    from frisket.v1 import matting_pb2 as pb
    from frisket.v1 import models_pb2 as models_pb

    name = next((model.name for model in answer.models if model.is_default), "")
    load = models_pb.LoadModelRequest(name=name).SerializeToString()
    reply = transport.unary(LOAD_MODEL, load, _TRIAL_TIMEOUT_S)
    device = models_pb.LoadModelResponse.FromString(reply).device
    request = pb.MatteImageRequest(image=_draw_trial()).SerializeToString()
    started = time.perf_counter()
    transport.unary(MATTE_IMAGE, request, _TRIAL_TIMEOUT_S)
    took = time.perf_counter() - started
    text = f"model {name}: {took:.2f} s for {_TRIAL_SIDE_PX} x {_TRIAL_SIDE_PX} px"
    return Finding("model", True, f"{text}; device {answer.device} runs on {device}"), device


def _draw_trial() -> bytes:
    """Return a PNG of a bright disc on dark ground."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (_TRIAL_SIDE_PX, _TRIAL_SIDE_PX), (30, 50, 90))
    quarter = _TRIAL_SIDE_PX // 4
    disc = (quarter, quarter, 3 * quarter, 3 * quarter)
    ImageDraw.Draw(picture).ellipse(disc, fill=(220, 180, 120))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
