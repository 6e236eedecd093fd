"""Certificates for tests, signed by themselves or by one another."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a key and a certificate for a host's name; skip the test where that cannot be."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    _openssl(command)
    return key, certificate


def sign_certificate(
    folder: Path, name: str, authority: tuple[Path, Path], days: int = 2
) -> tuple[Path, Path]:
    """Write a key and a certificate that another one signed; a past one for negative days."""
    key, certificate = folder / f"{name}-key.pem", folder / f"{name}.pem"
    wish, names = folder / f"{name}.csr", folder / f"{name}.ext"
    command = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}"]
    _openssl([*command, "-keyout", str(key), "-out", str(wish)])
    names.write_text(f"subjectAltName=DNS:{name}\n")
    signer_key, signer = map(str, authority)
    command = ["openssl", "x509", "-req", "-in", str(wish), "-days", str(days)]
    command += ["-CA", signer, "-CAkey", signer_key, "-CAcreateserial", "-extfile", str(names)]
    _openssl([*command, "-out", str(certificate)])
    return key, certificate


def _openssl(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl to make a certificate with")
