"""How a server is set up: one frozen dataclass per concern."""

from __future__ import annotations

import ipaddress
import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from frisket.server.limits import Limits


class ConfigError(Exception):
    """The server refuses to start so; the text says why and what to do."""


@dataclass(frozen=True)
class Access:
    """Who may call. `certificate` and `key` are PEM files."""

    token: str = ""
    certificate: Path | None = None
    key: Path | None = None

    @property
    def tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.certificate is not None and self.key is not None


@dataclass(frozen=True)
class Config:
    """A whole server.

    Attributes:
        address: host:port; port 0 lets the system choose.
        device: "auto", "cpu" or "cuda" (strict: refused where there is none).
        threads: compute threads; 0 means one per core.
        model: loaded at the start; empty means the default when first needed.
        local: announce this server to its user's clients.
        idle_exit_s: leave after so many seconds without a call; 0 means never.
        drain_s: seconds open streams get to finish on SIGTERM.
    """

    address: str = "127.0.0.1:0"
    device: str = "auto"
    threads: int = 0
    model: str = ""
    local: bool = False
    idle_exit_s: float = 0.0
    drain_s: float = 30.0
    access: Access = field(default_factory=Access)
    limits: Limits = field(default_factory=Limits)

    @property
    def compute_threads(self) -> int:
        """Threads that compute, at least one."""
        return self.threads or os.cpu_count() or 1


def check(config: Config) -> None:
    """Refuse what would be open to the world.

    Raises:
        ConfigError: a bad address, half a TLS setting, a certificate that cannot be used,
            or a public address without TLS and token.
    """
    host, colon, port = config.address.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise ConfigError(f"'{config.address}' is no address: give HOST:PORT.")
    access = config.access
    if (access.certificate is None) != (access.key is None):
        raise ConfigError("TLS needs both --tls-cert and --tls-key.")
    for file in (access.certificate, access.key):
        if file is not None and not file.is_file():
            raise ConfigError(f"The TLS file {file} does not exist.")
    if access.certificate is not None and access.key is not None:
        _check_pair(access.certificate, access.key)
    if not is_loopback(host) and not (access.tls and access.token):
        raise ConfigError(
            f"{host or 'An empty host'} can be reached from other machines: "
            "give --tls-cert, --tls-key and --token-file, or listen on 127.0.0.1."
        )


def _check_pair(certificate: Path, key: Path) -> None:
    """Refuse files that gRPC would take without a word and then fail every handshake with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without a password of ours OpenSSL would ask on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ConfigError(f"The key {key} does not belong to {certificate}.") from error
        raise ConfigError(
            f"{certificate} and {key} are no PEM certificate with its unencrypted key."
        ) from error
    except OSError as error:
        raise ConfigError(f"{certificate} or {key} cannot be read: {error.strerror}.") from error


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
