"""A certificate authority for one state folder, and a certificate for this machine's loopback names.

Real clients insist on TLS (Gemini's WebSocket, gRPC with call credentials); they are told about this
authority with the usual variables (`SSL_CERT_FILE`, `GRPC_DEFAULT_SSL_ROOTS_FILE_PATH`, …), so that
production code needs no exception for the laptop.
"""

import contextlib
import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID_FOR = timedelta(days=365)


@dataclass(frozen=True)
class Certificates:
    cert: Path
    key: Path
    bundle: Path
    """The public authorities plus ours, for clients."""


def ensure_certificates(folder: Path) -> Certificates:
    """Make the files unless they are there, whole, and still valid for a month."""
    files = Certificates(folder / "server.pem", folder / "server.key", folder / "ca-bundle.pem")
    if files.bundle.exists() and files.cert.exists():
        with contextlib.suppress(ValueError):  # damaged: made anew
            cert = x509.load_pem_x509_certificate(files.cert.read_bytes())
            if cert.not_valid_after_utc > datetime.now(UTC) + timedelta(days=30):
                return files
    folder.mkdir(parents=True, exist_ok=True)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Trunkline laptop CA")])
    ca = (
        _builder(ca_name, ca_name, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    cert = (
        _builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), ca_name, key)
        .add_extension(names, critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    files.key.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    files.key.chmod(0o600)
    files.cert.write_bytes(cert.public_bytes(pem))
    files.bundle.write_bytes(ca.public_bytes(pem) + Path(certifi.where()).read_bytes())
    return files


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _VALID_FOR)
    )
