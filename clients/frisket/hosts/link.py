"""From settings to a connection, and from an error to a sentence with a next step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from frisket.client import discovery
from frisket.client.address import Address
from frisket.client.capabilities import ask_capabilities
from frisket.client.errors import Cancelled, NoServer, ProtocolError, TransportError
from frisket.client.h2_transport import H2Transport
from frisket.hosts.language import _
from frisket.hosts.request import Refused
from frisket.hosts.settings import Settings
from frisket.protocol.local_state import LocalServer
from frisket.protocol.reasons import Reason

_TIMEOUT_S = 10.0

_NEXT_STEPS: dict[str, str] = {
    Reason.BAD_TOKEN: _("Enter the server's token in Frisket's server settings."),
    Reason.OUT_OF_SCOPE: _("Enter another token in Frisket's server settings."),
    Reason.BAD_CERTIFICATE: _("Name its certificate in Frisket's server settings."),
    Reason.TLS_MISMATCH: _("Change TLS in Frisket's server settings."),
    Reason.BAD_ADDRESS: _("Correct the address in Frisket's server settings."),
    Reason.UNREACHABLE: _(
        "Check the address in Frisket's server settings, and that it is running."
    ),
    Reason.VERSION_MISMATCH: _("Install the same version of frisket here and on the server."),
    Reason.UNKNOWN_MODEL: _("Choose another model."),
    Reason.MODEL_UNUSABLE: _("Choose another model."),
    Reason.DEVICE_UNAVAILABLE: _("Start the server with a device that it has."),
    Reason.BUSY: _("Try again when it has finished another layer."),
    Reason.DRAINING: _("Try again in a moment."),
    Reason.TOO_LARGE: _("Cut out a smaller layer."),
    Reason.IDLE: _("Try again."),
}


@dataclass(frozen=True)
class ModelChoice:
    """A model that a server has, for a menu."""

    name: str
    description: str
    is_default: bool
    title: str = ""


@dataclass(frozen=True)
class ServerInfo:
    """What a server says of itself."""

    version: str
    device: str
    models: tuple[ModelChoice, ...]


def make_connector(
    settings: Settings, starting: Callable[[], None] = lambda: None
) -> Callable[[], H2Transport]:
    """Return what opens a connection, and starts the local server when none answers.

    Args:
        settings: which server.
        starting: called when the local server has to be started first.
    """

    def connect() -> H2Transport:
        if settings.remote:
            return H2Transport(_read_address(settings))
        server = discovery.find(H2Transport, end_hung=True)
        if server is None:
            starting()
            server = _start(settings)
        return H2Transport(Address(server.target, server.token))

    return connect


def _read_address(settings: Settings) -> Address:
    given = (settings.ca_file, settings.certificate, settings.key)
    files = (Path(name) if name else None for name in given)
    return Address(settings.target, settings.token, settings.tls, *files)


def _start(settings: Settings) -> LocalServer:
    # Without a recorded command there is nothing to start: the host's own Python has
    # no frisket server in it.
    if not settings.command:
        raise NoServer(
            _("No frisket server runs on this computer and the plug-in knows no way to start one.")
        )
    return discovery.ensure(H2Transport, settings.command)


def ask(connect: Callable[[], H2Transport]) -> ServerInfo:
    """Return what the server can do.

    Raises:
        TransportError: it does not answer, or refuses.
        NoServer: the local server could not be started.
    """
    transport = connect()
    try:
        message = ask_capabilities(transport, _TIMEOUT_S)
    finally:
        transport.close()
    models = tuple(
        ModelChoice(model.name, model.description, model.is_default, model.title)
        for model in message.models
        if model.present and not model.refiner
    )
    return ServerInfo(message.server_version, message.device, models)


def ask_or_explain(connect: Callable[[], H2Transport]) -> ServerInfo | str:
    """Return what the server can do, or a sentence that says why it does not answer."""
    try:
        return ask(connect)
    except Exception as error:
        return explain(error)


def explain(error: BaseException) -> str:
    """Return what went wrong in one sentence, and what to do in another."""
    if isinstance(error, TransportError):
        step = _NEXT_STEPS.get(error.reason, _("Try again; the server's log says more."))
        return f"{_close_sentence(error)} {step}"
    if isinstance(error, NoServer):
        step = _("Run 'frisket serve --local' in a terminal and try again.")
        return f"{_close_sentence(error)} {step}"
    if isinstance(error, ProtocolError):
        return f"{_close_sentence(error)} {_NEXT_STEPS[Reason.VERSION_MISMATCH]}"
    if isinstance(error, Cancelled):
        return _("Cancelled.")
    if isinstance(error, Refused):
        return str(error)
    if isinstance(error, MemoryError):
        return _("There is not enough memory. Close other images and try again.")
    return f"{_close_sentence(error)} {_('Please report this with the trouble report.')}"


def _close_sentence(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    return text if text.endswith((".", "!", "?")) else text + "."
