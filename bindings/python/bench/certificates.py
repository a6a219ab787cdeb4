"""An authority made for one run, and a server's certificate for the loopback address."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from places import HOST


@dataclass(frozen=True)
class Certificates:
    """Files, in PEM."""

    ca: Path
    certificate: Path
    key: Path


def write_certificates(folder: Path) -> Certificates:
    """Both, into a folder."""
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = _builder("keyrotor bench authority", authority.public_key(), "keyrotor bench authority")
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    server = _builder("keyrotor bench", key.public_key(), "keyrotor bench authority")
    server = server.add_extension(names, critical=False)
    files = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    for path, builder in ((files.ca, ca), (files.certificate, server)):
        path.write_bytes(builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def _builder(subject: str, key: ec.EllipticCurvePublicKey, issuer: str) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
