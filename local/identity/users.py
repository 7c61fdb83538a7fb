"""The people who may sign in; a JSON file keeps them."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class User:
    email: str
    name: str

    @property
    def subject(self) -> str:
        """Permanent, as an issuer's ids are, and the same on every laptop."""
        return hashlib.sha256(self.email.encode()).hexdigest()[:28]


class Users:
    def __init__(self, file: Path) -> None:
        self._file = file
        known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
        self._users = {user["email"]: User(**user) for user in known}

    def all(self) -> list[User]:
        return list(self._users.values())

    def find(self, email: str) -> User | None:
        return self._users.get(email)

    def put(self, email: str, name: str | None = None) -> User:
        user = User(email, name or email.partition("@")[0].replace(".", " ").title())
        self._users[email] = user
        self._file.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps([asdict(user) for user in self.all()], indent=2)
        partial = self._file.with_suffix(".partial")
        partial.write_text(content, encoding="utf-8")
        partial.replace(self._file)
        return user
