"""How a server is set up: one frozen dataclass per concern."""

from __future__ import annotations

import ipaddress
import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from frisket.protocol.certificates import BadCertificate, load_pair
from frisket.server.limits import Limits
from frisket.server.tls import check_authority
from frisket.server_needs import explain_metrics_lack

KEEP_S = 300.0
STANDARD_ERROR = "-"
"""The name of a log that is written to standard error."""


class ConfigError(Exception):
    """The server refuses to start so; the text says why and what to do."""


@dataclass(frozen=True)
class Access:
    """Who may call.

    Attributes:
        token: the one for everything; empty where there are others, or none.
        token_file: holds tokens, and is read again when it changes.
        certificate, key: the server's own, PEM files.
        client_ca: who signs the certificates that clients must show; None for none.
    """

    token: str = ""
    certificate: Path | None = None
    key: Path | None = None
    token_file: Path | None = None
    client_ca: Path | None = None

    @property
    def closed(self) -> bool:
        """Whether a token is needed."""
        return bool(self.token or self.token_file)

    @property
    def tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.certificate is not None and self.key is not None


@dataclass(frozen=True)
class Config:
    """A whole server.

    Attributes:
        address: host:port; port 0 lets the system choose.
        device: as `frisket.protocol.devices` reads it, several with commas; "cuda" and "tensorrt"
            strictly: refused where there is none.
        threads: compute threads; 0 means one per core.
        models: opened at the start, and kept; others are opened when they are first needed.
        keep_s: seconds that other models stay in memory after their last use; may be infinity.
        local: announce this server to its user's clients.
        idle_exit_s: leave after so many seconds without a call; 0 means never.
        drain_s: seconds open streams get to finish on SIGTERM.
        access_log: where calls are logged: a file, "-" for standard error, empty for nowhere.
        coarse_bytes: what coarse alphas that were found before may take in memory.
        coarse_folder: where they are kept on the disk too; None for nowhere.
        metrics: port of 127.0.0.1 where metrics are told, 0 for a free one; None for none.
    """

    address: str = "127.0.0.1:0"
    device: str = "auto"
    threads: int = 0
    models: tuple[str, ...] = ()
    keep_s: float = KEEP_S
    local: bool = False
    idle_exit_s: float = 0.0
    drain_s: float = 30.0
    access_log: str = ""
    metrics: int | None = None
    coarse_bytes: int = 0
    coarse_folder: Path | None = None
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
    if access.client_ca is not None and not access.tls:
        raise ConfigError("--tls-client-ca needs --tls-cert and --tls-key.")
    for file in (access.certificate, access.key, access.client_ca):
        if file is not None and not file.is_file():
            raise ConfigError(f"The TLS file {file} does not exist.")
    _check_tls(access)
    if config.metrics is not None and (lack := explain_metrics_lack()):
        raise ConfigError(f"--metrics: {lack}")
    if not is_loopback(host) and not (access.tls and access.closed):
        raise ConfigError(
            f"{host or 'An empty host'} can be reached from other machines: "
            "give --tls-cert, --tls-key and --token-file, or listen on 127.0.0.1."
        )


def _check_tls(access: Access) -> None:
    try:
        if access.certificate is not None and access.key is not None:
            # gRPC would take a bad pair without a word, and fail every handshake.
            load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), access.certificate, access.key)
        if access.client_ca is not None:
            check_authority(access.client_ca)
    except BadCertificate as error:
        raise ConfigError(str(error)) from error


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
