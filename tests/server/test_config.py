"""What is open to the world is refused before anything listens."""

from __future__ import annotations

import pytest

from frisket.server.config import Access, Config, ConfigError, check, is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.8.9.1"])
def test_loopback_needs_nothing(host: str) -> None:
    assert is_loopback(host)
    check(Config(address=f"{host}:0"))


@pytest.mark.parametrize("address", ["0.0.0.0:1", ":1", "10.0.0.1:1", "nonsense", "127.0.0.1:x"])
def test_what_is_open_to_the_world_is_refused(address: str) -> None:
    with pytest.raises(ConfigError):
        check(Config(address=address, access=Access(token="t")))
