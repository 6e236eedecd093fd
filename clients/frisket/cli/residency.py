"""`frisket server load` and `unload`: which models a server has in memory."""

from __future__ import annotations

import argparse
import json
from typing import Any

from frisket.cli.exits import Exit
from frisket.cli.parser import UsageError
from frisket.cli.server_options import add_server_options, server_choice

_LOAD_TIMEOUT_S = 600.0


def add_residency(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verbs to those of `frisket server`."""
    load = verbs.add_parser("load", help="bring a model into a server's memory")
    load.add_argument(
        "--pin", action="store_true", help="it stays there, used or not, until it is unloaded"
    )
    load.set_defaults(run=_load)
    unload = verbs.add_parser("unload", help="let a model leave when its last session ends")
    unload.set_defaults(run=_unload)
    for verb in (load, unload):
        verb.add_argument("model", metavar="NAME", help="of 'frisket models list'")
        verb.add_argument("--json", action="store_true", help="one JSON object")
        add_server_options(verb)


def _load(arguments: argparse.Namespace) -> int:
    from frisket.protocol.methods import LOAD_MODEL
    from frisket.v1 import models_pb2 as pb

    request = pb.LoadModelRequest(name=arguments.model, pin=arguments.pin)
    answer = pb.LoadModelResponse.FromString(_call(arguments, LOAD_MODEL, request))
    model = answer.model
    if arguments.json:
        found = {"model": model.name, "device": answer.device, "pinned": model.pinned}
        print(json.dumps(found))
    else:
        stays = "; it stays until it is unloaded" if model.pinned else ""
        print(f"{model.name} is in memory, on {answer.device}{stays}")
    return Exit.OK


def _unload(arguments: argparse.Namespace) -> int:
    from frisket.protocol.methods import UNLOAD_MODEL
    from frisket.v1 import models_pb2 as pb

    request = pb.UnloadModelRequest(name=arguments.model)
    model = pb.UnloadModelResponse.FromString(_call(arguments, UNLOAD_MODEL, request)).model
    if arguments.json:
        print(json.dumps({"model": model.name, "loaded": model.loaded}))
    else:
        how = "leaves when its last session ends" if model.loaded else "is not in memory"
        print(f"{model.name} {how}")
    return Exit.OK


def _call(arguments: argparse.Namespace, method: str, request: Any) -> bytes:
    from frisket.jobs.connection import connect

    choice = server_choice(arguments)
    if choice.several:
        raise UsageError("Models are loaded by one server at a time: name one with --server.")
    transport = connect(choice)
    try:
        return transport.unary(method, request.SerializeToString(), _LOAD_TIMEOUT_S)
    finally:
        transport.close()
