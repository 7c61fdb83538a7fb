"""Accounts, and what they granted to whom: consents, authorization codes, refresh and access tokens."""

import hashlib
import secrets
import sqlite3
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (email TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS consents (
    email TEXT NOT NULL, client_id TEXT NOT NULL, scopes TEXT NOT NULL, PRIMARY KEY (email, client_id)
);
CREATE TABLE IF NOT EXISTS refresh_tokens (
    token TEXT PRIMARY KEY, email TEXT NOT NULL, client_id TEXT NOT NULL, scopes TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS access_tokens (
    token TEXT PRIMARY KEY, email TEXT NOT NULL, client_id TEXT NOT NULL, scopes TEXT NOT NULL,
    expires REAL NOT NULL
);
"""
_CODE_LIFETIME_SECONDS = 600
_ACCESS_TOKEN_LIFETIME_SECONDS = 3599


@dataclass(frozen=True)
class Client:
    """An OAuth client as it stands in a project's console."""

    client_id: str
    secret: str
    redirect_uris: frozenset[str]
    name: str = "Trunkline"
    """As people see it on the consent page."""


@dataclass(frozen=True)
class Account:
    email: str
    name: str

    @property
    def subject(self) -> str:
        """Google's permanent id of the account, 21 digits."""
        return f"1{int.from_bytes(hashlib.sha256(self.email.encode()).digest()[:8], 'big'):020d}"


@dataclass(frozen=True)
class Grant:
    """Who allowed whom what."""

    email: str
    client_id: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    """An authorization code that waits to be exchanged, once."""

    grant: Grant
    redirect_uri: str
    challenge: str | None
    challenge_method: str
    offline: bool
    """A refresh token comes with it."""
    expires: float


class OAuthStore:
    def __init__(
        self, database: sqlite3.Connection, clients: Iterable[Client], clock: Callable[[], float]
    ) -> None:
        self._database = database
        self.clients: Mapping[str, Client] = {client.client_id: client for client in clients}
        self._clock = clock
        self._codes: dict[str, Code] = {}
        self.access_token_lifetime = _ACCESS_TOKEN_LIFETIME_SECONDS
        database.executescript(_SCHEMA)

    def add_account(self, email: str, name: str) -> Account:
        self._database.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?)", (email, name))
        return Account(email, name)

    def account(self, email: str) -> Account | None:
        row = self._database.execute("SELECT * FROM accounts WHERE email = ?", (email,)).fetchone()
        return None if row is None else Account(row["email"], row["name"])

    def accounts(self) -> list[Account]:
        rows = self._database.execute("SELECT * FROM accounts ORDER BY rowid")
        return [Account(row["email"], row["name"]) for row in rows]

    def consent(self, email: str, client_id: str) -> frozenset[str]:
        """The scopes that the account has allowed the client so far."""
        row = self._database.execute(
            "SELECT scopes FROM consents WHERE email = ? AND client_id = ?", (email, client_id)
        ).fetchone()
        return frozenset(row["scopes"].split() if row else ())

    def record_consent(self, grant: Grant) -> None:
        scopes = self.consent(grant.email, grant.client_id) | set(grant.scopes)
        self._database.execute(
            "INSERT OR REPLACE INTO consents VALUES (?, ?, ?)",
            (grant.email, grant.client_id, " ".join(sorted(scopes))),
        )

    def issue_code(
        self, grant: Grant, redirect_uri: str, challenge: str | None, challenge_method: str, *, offline: bool
    ) -> str:
        code = "4/0" + secrets.token_urlsafe(32)
        expires = self._clock() + _CODE_LIFETIME_SECONDS
        self._codes[code] = Code(grant, redirect_uri, challenge, challenge_method, offline, expires)
        return code

    def redeem_code(self, code: str) -> Code | None:
        """Works once, whatever comes of it."""
        found = self._codes.pop(code, None)
        return found if found and found.expires > self._clock() else None

    def issue_refresh_token(self, grant: Grant) -> str:
        token = "1//0" + secrets.token_urlsafe(48)
        self._database.execute(
            "INSERT INTO refresh_tokens VALUES (?, ?, ?, ?)",
            (token, grant.email, grant.client_id, " ".join(grant.scopes)),
        )
        return token

    def refresh_grant(self, token: str) -> Grant | None:
        row = self._database.execute("SELECT * FROM refresh_tokens WHERE token = ?", (token,)).fetchone()
        return _grant(row)

    def issue_access_token(self, grant: Grant) -> tuple[str, int]:
        """The token and its lifetime in seconds."""
        token = "ya29." + secrets.token_urlsafe(48)
        self._database.execute("DELETE FROM access_tokens WHERE expires <= ?", (self._clock(),))
        self._database.execute(
            "INSERT INTO access_tokens VALUES (?, ?, ?, ?, ?)",
            (
                token,
                grant.email,
                grant.client_id,
                " ".join(grant.scopes),
                self._clock() + self.access_token_lifetime,
            ),
        )
        return token, self.access_token_lifetime

    def access_grant(self, token: str) -> Grant | None:
        """None for a token that is unknown, expired or revoked."""
        row = self._database.execute(
            "SELECT * FROM access_tokens WHERE token = ? AND expires > ?", (token, self._clock())
        ).fetchone()
        return _grant(row)

    def expire_access_tokens(self) -> None:
        self._database.execute("DELETE FROM access_tokens")

    def revoke(self, email: str, client_id: str) -> None:
        """End all that the account ever granted to the client."""
        for table in ("consents", "refresh_tokens", "access_tokens"):
            self._database.execute(
                f"DELETE FROM {table} WHERE email = ? AND client_id = ?",  # noqa: S608 - no input
                (email, client_id),
            )


def _grant(row: sqlite3.Row | None) -> Grant | None:
    return None if row is None else Grant(row["email"], row["client_id"], tuple(row["scopes"].split()))


def verifier_matches(code: Code, verifier: str) -> bool:
    """RFC 7636, section 4.6."""
    if code.challenge_method == "plain":
        return secrets.compare_digest(verifier.encode(), (code.challenge or "").encode())
    digest = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return secrets.compare_digest(digest, (code.challenge or "").encode())
