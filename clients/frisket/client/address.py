"""Where a server listens and how to be let in. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from frisket.client.errors import transport_error
from frisket.protocol.reasons import Reason


@dataclass(frozen=True)
class Address:
    """A server as a transport needs to know it.

    Attributes:
        target: host:port.
        token: sent as bearer token; empty for none.
        tls: encrypt; `ca_file` names the certificate to trust instead of the system's.
    """

    target: str
    token: str = ""
    tls: bool = False
    ca_file: Path | None = None

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What every call carries: the token, where there is one."""
        return (("authorization", f"Bearer {self.token}"),) if self.token else ()

    def host_and_port(self) -> tuple[str, int]:
        """Return the target's two parts.

        Raises:
            TransportError: the target is not of the form host:port.
        """
        host, _, port = self.target.rpartition(":")
        if not host or not port.isdigit():
            raise transport_error(
                "INVALID_ARGUMENT", Reason.BAD_ADDRESS, f"'{self.target}' is not host:port."
            )
        return host.strip("[]"), int(port)
