"""A certificate authority of the tests' own, and servers that show its certificates, or worse ones."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "ehr.test"


class Authority:
    """Signs certificates, and keeps the files that go with them in a folder."""

    def __init__(self, folder: Path, name: str = "house") -> None:
        self.folder = folder
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.bundle = folder / f"{name}.pem"
        made = _unsigned(self.name, self.name, self.private, days=9)
        own = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        key = x509.SubjectKeyIdentifier.from_public_key(self.private.public_key())
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        own = own.add_extension(key, critical=False).add_extension(usage, critical=True)
        self.bundle.write_bytes(own.sign(self.private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def server(self, host: str = HOST, days: int = 9, self_signed: bool = False) -> ssl.SSLContext:
        """What a server of this name serves with; `days` below zero: its certificate has expired."""
        private = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        made = _unsigned(subject, subject if self_signed else self.name, private, days)
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        by = private if self_signed else self.private
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key())
        signed = made.add_extension(issuer, critical=False).sign(by, hashes.SHA256())
        chain = self.folder / "server.pem"
        chain.write_bytes(
            signed.public_bytes(serialization.Encoding.PEM)
            + private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context


def _unsigned(
    subject: x509.Name, issuer: x509.Name, private: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=20))
        .not_valid_after(now + timedelta(days=days))
    )
