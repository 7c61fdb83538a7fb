"""Errors as Google's JSON APIs answer them."""

from typing import Any

from aiohttp import web


class ApiError(Exception):
    """`reason` is Google's short name, on which clients decide."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        location: str | None = None,
        details: list[dict[str, Any]] | None = None,
        grpc_status: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self._domain = domain
        self._location = location
        self._details = details
        self._grpc_status = grpc_status

    def response(self) -> web.Response:
        finding: dict[str, Any] = {"domain": self._domain, "reason": self.reason, "message": str(self)}
        if self._location:
            finding |= {"locationType": "header", "location": self._location}
        error: dict[str, Any] = {"errors": [finding], "code": self.status, "message": str(self)}
        if self._grpc_status:
            error["status"] = self._grpc_status
        if self._details:
            error["details"] = self._details
        headers = (
            {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'} if self.status == 401 else {}
        )
        return web.json_response({"error": error}, status=self.status, headers=headers)


def not_found() -> ApiError:
    return ApiError(404, "notFound", "Not Found")


def invalid(message: str) -> ApiError:
    return ApiError(400, "invalid", message)


def not_implemented(what: str) -> ApiError:
    return ApiError(501, "notImplemented", f"UNIMPLEMENTED: the laptop cloud does not serve {what}.")


def unauthenticated() -> ApiError:
    return ApiError(
        401,
        "authError",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
        "or other valid authentication credential.",
        location="Authorization",
        grpc_status="UNAUTHENTICATED",
    )


def insufficient_scope(method: str) -> ApiError:
    return ApiError(
        403,
        "insufficientPermissions",
        "Request had insufficient authentication scopes.",
        grpc_status="PERMISSION_DENIED",
        details=[
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                "domain": "googleapis.com",
                "metadata": {"service": "calendar-json.googleapis.com", "method": method},
            }
        ],
    )
