"""What is open to the world is refused before anything listens."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from certificates import make_certificate, sign_certificate

from frisket.server.config import Access, Config, ConfigError, check, is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.8.9.1"])
def test_loopback_needs_nothing(host: str) -> None:
    assert is_loopback(host)
    check(Config(address=f"{host}:0"))


@pytest.mark.parametrize("address", ["0.0.0.0:1", ":1", "10.0.0.1:1", "nonsense", "127.0.0.1:x"])
def test_what_is_open_to_the_world_is_refused(address: str) -> None:
    with pytest.raises(ConfigError):
        check(Config(address=address, access=Access(token="t")))


def test_a_certificate_and_the_key_of_another_are_refused(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    key, certificate = make_certificate(tmp_path / "a", "localhost")
    other, _ = make_certificate(tmp_path / "b", "localhost")
    check(Config(access=Access("t", certificate, key)))
    with pytest.raises(ConfigError, match=f"{other} does not belong to {certificate}"):
        check(Config(access=Access("t", certificate, other)))


@pytest.mark.parametrize("content", [b"", b"no certificate", b"\xff\xfe\x00"])
def test_what_is_no_certificate_is_refused(content: bytes, tmp_path: Path) -> None:
    key, certificate = make_certificate(tmp_path, "localhost")
    broken = tmp_path / "broken.pem"
    broken.write_bytes(content)
    for access in (Access("t", broken, key), Access("t", certificate, broken)):
        with pytest.raises(ConfigError, match="no PEM certificate with its unencrypted key"):
            check(Config(access=access))


def test_an_encrypted_key_is_refused_and_nobody_is_asked(tmp_path: Path) -> None:
    key, certificate = make_certificate(tmp_path, "localhost")
    locked = tmp_path / "locked.pem"
    command = ["openssl", "rsa", "-aes256", "-passout", "pass:secret", "-in", key, "-out", locked]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(ConfigError, match="unencrypted key"):
        check(Config(access=Access("t", certificate, locked)))


def test_a_certificate_out_of_its_time_is_told_at_the_start(tmp_path: Path) -> None:
    authority = make_certificate(tmp_path, "authority")
    key, old = sign_certificate(tmp_path, "localhost", authority, days=-1)
    with pytest.raises(ConfigError, match=f"The certificate {old} has expired: renew it"):
        check(Config(access=Access("t", old, key)))
    key, good = sign_certificate(tmp_path, "other", authority)
    check(Config(access=Access("t", good, key)))


def test_an_authority_of_clients_needs_tls_and_is_one(tmp_path: Path) -> None:
    key, certificate = make_certificate(tmp_path, "localhost")
    check(Config(access=Access("t", certificate, key, client_ca=certificate)))
    with pytest.raises(ConfigError, match="--tls-client-ca needs --tls-cert"):
        check(Config(access=Access("t", client_ca=certificate)))
    broken = tmp_path / "broken.pem"
    broken.write_bytes(b"nothing")
    with pytest.raises(ConfigError, match="no PEM certificate of an authority"):
        check(Config(access=Access("t", certificate, key, client_ca=broken)))
