"""Errors as Twirp sends them. https://twitchtv.github.io/twirp/docs/errors.html"""

_STATUS = {
    "invalid_argument": 400,
    "malformed": 400,
    "unauthenticated": 401,
    "permission_denied": 403,
    "not_found": 404,
    "bad_route": 404,
    "resource_exhausted": 429,
    "internal": 500,
    "unimplemented": 501,
    "unavailable": 503,
}


class TwirpError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        return _STATUS[self.code]

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "msg": self.message}


class JoinError(Exception):
    """A participant may not join; the status is that of the refused WebSocket handshake."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
