"""Where a server listens and how to be let in. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from frisket.client.errors import TransportError, transport_error
from frisket.protocol.reasons import Reason

_MAX_PORT = 65535


@dataclass(frozen=True)
class Address:
    """A server as a transport needs to know it.

    Attributes:
        target: host:port.
        token: sent as bearer token; empty for none.
        tls: encrypt; `ca_file` names the certificate to trust instead of the system's.
        certificate, key: the client's own, PEM files, for a server that asks for one.
        name: that the server's certificate is for, where `target` is one of several addresses of
            that name; else empty.
    """

    target: str
    token: str = ""
    tls: bool = False
    ca_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    name: str = field(default="", kw_only=True)

    @property
    def certified_name(self) -> str:
        """The name or address that the server's certificate must be for.

        Raises:
            TransportError: as `host_and_port`.
        """
        return self.name or self.host_and_port()[0]

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What every call carries: the token, where there is one."""
        return (("authorization", f"Bearer {self.token}"),) if self.token else ()

    def host_and_port(self) -> tuple[str, int]:
        """Return the target's two parts.

        Raises:
            TransportError: the target is not of the form host:port.
        """
        host, colon, port = self.target.rpartition(":")
        bracketed = host.startswith("[") and host.endswith("]")
        if not colon or self.target.endswith("]") or (":" in host and not bracketed):
            raise self._bad("has no port: write HOST:PORT, for example 127.0.0.1:7777")
        if not host or not port.isdecimal() or not 0 < int(port) <= _MAX_PORT:
            raise self._bad("is no address: write HOST:PORT, for example 127.0.0.1:7777")
        return host.strip("[]"), int(port)

    def _bad(self, what: str) -> TransportError:
        message = f"The server '{self.target}' {what}."
        return transport_error("INVALID_ARGUMENT", Reason.BAD_ADDRESS, message)
