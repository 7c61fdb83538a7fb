"""gRPC services written as plain classes: a decorated method per call, typed by the client's messages."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import grpc
import grpc.aio

from local.google.faults import GRPC_CODE_OF_HTTP_STATUS, Faults
from local.google.iam import Policy

Code = grpc.StatusCode

_log = logging.getLogger(__name__)


class RpcError(Exception):
    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Method:
    request: Any
    response: Any
    permission: str


FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def method(request: Any, response: Any, permission: str) -> Callable[[FunctionT], FunctionT]:
    """Publish a method under its own name; callers need `permission`."""

    def mark(function: FunctionT) -> FunctionT:
        function.__dict__["rpc"] = Method(request, response, permission)
        return function

    return mark


Authenticate = Callable[[str | None, str], str]
"""(authorization header, host of the real service) → e-mail of the caller; raises `RpcError`."""


class Service(grpc.GenericRpcHandler):
    """Serves `implementation` under the full service `name`; other methods answer UNIMPLEMENTED."""

    def __init__(
        self,
        name: str,
        host: str,
        implementation: object,
        authenticate: Authenticate,
        policy: Policy,
        faults: Faults,
    ) -> None:
        self._name = name
        self._host = host
        self._implementation = implementation
        self._authenticate = authenticate
        self._policy = policy
        self._faults = faults

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        service, _, name = str(handler_call_details.method).lstrip("/").partition("/")
        if service != self._name:
            return None
        function = getattr(self._implementation, name, None)
        published: Method | None = getattr(function, "rpc", None)
        if function is None or published is None:
            return grpc.unary_unary_rpc_method_handler(_unimplemented(f"{self._name}/{name}"))
        return grpc.unary_unary_rpc_method_handler(
            self._handler(f"/{service}/{name}", function, published),
            request_deserializer=published.request.deserialize,
            response_serializer=_serializer(published.response),
        )

    def _handler(self, path: str, function: Callable[[Any], Any], published: Method) -> Any:
        async def handle(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            try:
                metadata = {str(key): str(value) for key, value in context.invocation_metadata() or ()}
                await self._fail_as_planned(path)
                self._authorize(metadata.get("authorization"), published.permission, request)
                return function(request)
            except RpcError as error:
                await context.abort(error.code, str(error))

        return handle

    async def _fail_as_planned(self, path: str) -> None:
        if status := await self._faults.meet(path):
            code = GRPC_CODE_OF_HTTP_STATUS.get(status, "UNKNOWN")
            raise RpcError(Code[code], f"planned fault {status}")

    def _authorize(self, authorization: str | None, permission: str, request: Any) -> None:
        caller = self._authenticate(authorization, self._host)
        if not self._policy.allows(caller, permission):
            resource = getattr(request, "name", "") or getattr(request, "parent", "")
            raise RpcError(
                Code.PERMISSION_DENIED,
                f"Permission '{permission}' denied for resource '{resource}' (or it may not exist).",
            )


def _unimplemented(path: str) -> Callable[..., Awaitable[bytes]]:
    async def handle(_: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        _log.warning("not implemented: %s", path)
        await context.abort(Code.UNIMPLEMENTED, f"The laptop cloud does not implement {path}.")
        return b""

    return handle


def _serializer(message: Any) -> Callable[[Any], bytes]:
    # Google's messages are proto-plus classes, but Empty is a plain protobuf message.
    plain = hasattr(message, "SerializeToString")
    return cast("Callable[[Any], bytes]", message.SerializeToString if plain else message.serialize)
