"""Service accounts and signing keys: who calls, and proof of it.

One service account per part of the product, with a key file in the format that google-auth loads, plus
Google's own key, which signs the OpenID tokens that Cloud Tasks and OAuth hand out.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from jwt.algorithms import RSAAlgorithm

OWNER = "owner"
"""May do everything; for seeding and for looking around."""
PARTS = ("incoming-call", "worker", "oauth", "tools-api", OWNER)

ISSUER = "https://accounts.google.com"

_CERTIFICATE_VALID_FOR = timedelta(days=3650)


class InvalidAssertionError(Exception):
    """A token that no key of ours signed, or that is expired or meant for somebody else."""


@dataclass(frozen=True)
class ServiceAccount:
    email: str
    key_file: Path
    key_id: str
    public_key: rsa.RSAPublicKey


class Identity:
    """Makes what is missing in `folder` and loads the rest, so that keys survive a restart."""

    def __init__(self, folder: Path, project: str, token_uri: str) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._accounts = {part: _service_account(folder, part, project, token_uri) for part in PARTS}
        self._by_email = {account.email: account for account in self._accounts.values()}
        self._key = _google_key(folder / "google-oidc.pem")
        self._certificate = _certificate(folder / "google-oidc.crt", self._key)
        self._key_id = self._certificate.fingerprint(hashes.SHA1()).hex()  # noqa: S303 - a name, not a proof

    def account(self, part: str) -> ServiceAccount:
        return self._accounts[part]

    def verify(self, token: str, audience: str) -> str:
        """E-mail of the account that signed `token` for `audience`; raises `InvalidAssertionError`."""
        return self.verify_claims(token, audience)[0]

    def verify_claims(self, token: str, *audiences: str) -> tuple[str, dict[str, Any]]:
        """As `verify` for any of several audiences, with all that the token says.

        Without an audience a token needs a scope instead (https://google.aip.dev/auth/4111).
        """
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
            account = self._by_email[claims["iss"]]
            claims = jwt.decode(
                token,
                account.public_key,
                algorithms=["RS256"],
                audience=audiences if "aud" in claims else None,
                options={"require": ["exp", "iat", "iss"]},
            )
        except (jwt.InvalidTokenError, KeyError) as error:
            raise InvalidAssertionError(str(error)) from None
        if "aud" not in claims and "scope" not in claims:
            raise InvalidAssertionError("neither audience nor scope")
        return account.email, claims

    def sign(self, claims: Mapping[str, Any]) -> str:
        """An OpenID token signed by Google's key."""
        return jwt.encode(
            {"iss": ISSUER, **claims}, self._key, algorithm="RS256", headers={"kid": self._key_id}
        )

    def certificates(self) -> dict[str, str]:
        """As at https://www.googleapis.com/oauth2/v1/certs: key id → X.509 certificate in PEM."""
        return {self._key_id: self._certificate.public_bytes(serialization.Encoding.PEM).decode()}

    def jwks(self) -> dict[str, Any]:
        """As at https://www.googleapis.com/oauth2/v3/certs."""
        key = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": self._key_id, "alg": "RS256", "use": "sig"}]}


def _service_account(folder: Path, part: str, project: str, token_uri: str) -> ServiceAccount:
    file = folder / f"{part}.json"
    email = f"{part}@{project}.iam.gserviceaccount.com"
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    if known:
        key = _load(known["private_key"].encode())
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key_id = known.get("private_key_id") or os.urandom(20).hex()
    content = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": key_id,
        "private_key": _pem(key).decode(),
        "client_email": email,
        "client_id": str(int(key_id[:16], 16)),
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": token_uri,
        "universe_domain": "googleapis.com",
    }
    if content != known:  # new, or the port of the token endpoint changed
        _write_private(file, json.dumps(content, indent=2).encode())
    return ServiceAccount(email, file, key_id, key.public_key())


def _google_key(file: Path) -> rsa.RSAPrivateKey:
    if not file.exists():
        _write_private(file, _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    return _load(file.read_bytes())


def _certificate(file: Path, key: rsa.RSAPrivateKey) -> x509.Certificate:
    if not file.exists():
        name = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, "federated-signon.system.gserviceaccount.com")]
        )
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + _CERTIFICATE_VALID_FOR)
            .sign(key, hashes.SHA256())
        )
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return x509.load_pem_x509_certificate(file.read_bytes())


def _load(pem: bytes) -> rsa.RSAPrivateKey:
    # We made the key ourselves; validating it takes 50 ms, for each of seven.
    key = serialization.load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_private(file: Path, content: bytes) -> None:
    """Whole or not at all: a client may read the file while it is written."""
    partial = file.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_bytes(content)
    partial.replace(file)
