"""`frisket server`: see, stop and restart the local servers that run, and read their logs."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from frisket.cli.commands import COMMANDS
from frisket.cli.exits import Exit
from frisket.cli.loadtest import add_loadtest
from frisket.cli.options import add_options
from frisket.cli.residency import add_residency
from frisket.cli.server_options import SERVER_OPTIONS, server_choice
from frisket.cli.settings import fill
from frisket.cli.top import add_top
from frisket.protocol.choices import DEFAULT_DEVICE, DEVICES

if TYPE_CHECKING:
    from frisket.protocol.local_state import LocalServer
    from frisket.v1 import matting_pb2 as pb

_ANSWER_TIMEOUT_S = 5.0
_LEAVE_TIMEOUT_S = 35.0
_LINES = 100
# No device is chosen unless the user names one.
_ADDRESS_OPTIONS = [row for row in SERVER_OPTIONS if row.name != "device"]
Facts = dict[str, Any]


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command and its verbs to the parser."""
    parser = subparsers.add_parser("server", help=COMMANDS["server"])
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    status = verbs.add_parser("status", help="which servers run, and what they do")
    add_options(status, _ADDRESS_OPTIONS)
    status.add_argument("--device", choices=DEVICES, help="only the server of this device")
    status.add_argument("--json", action="store_true", help="one JSON list")
    status.set_defaults(run=_status)
    _verb(verbs, "stop", "let them finish and leave; end them after --wait", _stop)
    _verb(verbs, "restart", "stop them and start fresh ones", _restart)
    log = _verb(verbs, "log", "print the end of the log", _log)
    log.add_argument("--lines", type=int, default=_LINES, metavar="N", help=f"default: {_LINES}")
    add_residency(verbs)
    add_loadtest(verbs)
    add_top(verbs)


def _verb(
    verbs: argparse._SubParsersAction[Any],
    name: str,
    text: str,
    run: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text)
    parser.add_argument("--device", choices=DEVICES, help="only the server of this device")
    if name != "log":
        parser.add_argument(
            "--all", action="store_true", help="those of other Python environments too"
        )
        parser.add_argument(
            "--wait",
            type=float,
            default=_LEAVE_TIMEOUT_S,
            metavar="S",
            help=f"seconds that a server has to finish; default: {_LEAVE_TIMEOUT_S:.0f}",
        )
    parser.add_argument("--json", action="store_true", help="one JSON line")
    parser.set_defaults(run=run)
    return parser


def _status(arguments: argparse.Namespace) -> int:
    fill(arguments, _ADDRESS_OPTIONS)
    found = [_ask_remote(arguments)] if arguments.server else _ask_locals(arguments.device)
    if arguments.json:
        print(json.dumps(found))
    for facts in () if arguments.json else found:
        print(_describe(facts))
    if not found and not arguments.json:
        print("No local server runs.")
    return Exit.OK if any(facts["answers"] for facts in found) else Exit.SERVER


def _ask_remote(arguments: argparse.Namespace) -> Facts:
    from frisket.jobs.connection import capabilities

    answer = capabilities(server_choice(arguments), _ANSWER_TIMEOUT_S)
    return {"target": arguments.server, "answers": True, **_read_answer(answer)}


def _ask_locals(device: str | None) -> list[Facts]:
    return [_ask(server) for server in _list_running(device, everywhere=True)]


def _ask(server: LocalServer) -> Facts:
    """Return what is known of a local server; never its token."""
    from frisket.client.capabilities import ask_capabilities
    from frisket.client.discovery import log_file
    from frisket.client.errors import ClientError
    from frisket.client.proof import Standing, examine
    from frisket.jobs.connection import direct, this_installation
    from frisket.jobs.grpc_transport import GrpcTransport

    facts: Facts = {
        "target": server.target,
        "answers": False,
        "version": server.version,
        "protocol": server.protocol,
        "device": server.device,
        "pid": server.pid,
        "environment": server.environment,
        "own": server.installation == this_installation(),
        "log": str(log_file(server.device, server.environment)),
    }
    standing = examine(server, GrpcTransport)
    if standing is not Standing.PROVEN:
        return {**facts, "error": standing.value}
    transport = direct(server)
    try:
        answer = ask_capabilities(transport, _ANSWER_TIMEOUT_S)
    except ClientError as error:
        return {**facts, "error": str(error)}
    finally:
        transport.close()
    return {**facts, "answers": True, **_read_answer(answer)}


def _read_answer(answer: pb.GetCapabilitiesResponse) -> Facts:
    return {
        "version": answer.server_version,
        "device": answer.device,
        "sessions": answer.sessions,
        "max_sessions": answer.max_sessions,
        "models_in_memory": [model.name for model in answer.models if model.loaded],
        "peak_bytes": answer.server_peak_bytes,
    }


def _describe(facts: Facts) -> str:
    parts = [f"frisket {facts['version']}", f"device {facts['device']}"]
    if "pid" in facts:
        parts.append(f"process {facts['pid']}")
    if facts["answers"]:
        loaded = ", ".join(facts["models_in_memory"]) or "none"
        parts.append(f"{facts['sessions']} of {facts['max_sessions']} sessions")
        parts += [f"models in memory: {loaded}", f"peak {facts['peak_bytes'] >> 20} MiB"]
    else:
        parts.append(f"does not answer: {facts['error']}")
    if not facts.get("own", True):
        parts.append(f"of another frisket, in {facts['environment']}")
    return f"{facts['target']}: {'; '.join(parts)}"


def _list_running(device: str | None, *, everywhere: bool) -> list[LocalServer]:
    """Return the servers that run, and clear away what is left of those that died."""
    from frisket.jobs.connection import this_installation
    from frisket.protocol.local_state import read_states, remove_state

    here = this_installation().environment
    running = []
    for server in read_states():
        if not server.running:
            remove_state(server)
        elif device in (None, server.device) and (everywhere or server.environment == here):
            running.append(server)
    return running


def _stop(arguments: argparse.Namespace) -> int:
    stopped = _stop_all(arguments)
    if arguments.json:
        print(json.dumps({"stopped": stopped}))
    else:
        _tell_stopped(stopped)
    return Exit.OK


def _tell_stopped(stopped: list[Facts]) -> None:
    for facts in stopped:
        how = "ended; it did not leave in time" if facts["forced"] else "stopped"
        print(f"{facts['target']}, process {facts['pid']}: {how}")
    if not stopped:
        print("No local server ran.")


def _stop_all(arguments: argparse.Namespace) -> list[Facts]:
    from frisket.client.discovery import ask_to_leave

    servers = _list_running(arguments.device, everywhere=arguments.all)
    told = [server for server in servers if ask_to_leave(server)]
    deadline = time.monotonic() + arguments.wait
    return [
        {
            "target": server.target,
            "pid": server.pid,
            "device": server.device,
            "forced": _await_end(server, deadline),
        }
        for server in told
    ]


def _await_end(server: LocalServer, deadline: float) -> bool:
    """Wait until a server has left, and end it when it does not; tell whether it was ended."""
    from frisket.client.discovery import end
    from frisket.protocol.local_state import remove_state

    while server.running and time.monotonic() < deadline:
        time.sleep(0.05)
    forced = end(server)
    remove_state(server)
    return forced


def _restart(arguments: argparse.Namespace) -> int:
    from frisket.jobs.connection import ensure_local

    stopped = _stop_all(arguments)
    ran = [facts["device"] for facts in stopped]
    devices = [arguments.device] if arguments.device else sorted({*ran}) or [DEFAULT_DEVICE]
    fresh = [ensure_local(device) for device in devices]
    if arguments.json:
        targets = [{"target": one.target, "pid": one.pid, "device": one.device} for one in fresh]
        print(json.dumps({"stopped": stopped, "started": targets}))
        return Exit.OK
    if stopped:
        _tell_stopped(stopped)
    for one in fresh:
        print(f"{one.target}, process {one.pid}: started on device {one.device}")
    return Exit.OK


def _log(arguments: argparse.Namespace) -> int:
    from frisket.client.discovery import log_file
    from frisket.jobs.connection import this_installation

    device = arguments.device or DEFAULT_DEVICE
    path = log_file(device, this_installation().environment)
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        print(f"frisket: no local server has run on device {device} yet", file=sys.stderr)
        return Exit.SERVER
    last = lines[-arguments.lines :] if arguments.lines > 0 else []
    if arguments.json:
        print(json.dumps({"path": str(path), "lines": last}))
    else:
        print("\n".join([f"{path}:", *last]))
    return Exit.OK
