"""The RPCs over gRPC, on a port."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Self

import grpc
import grpc.aio
from google.cloud.firestore_v1 import types

from local.firestore.errors import RequestError, unimplemented
from local.firestore.indexes import Indexes
from local.firestore.recorder import QueryRecorder
from local.firestore.service import FirestoreService
from local.firestore.store import Store

_SERVICE = "google.firestore.v1.Firestore"
_MAX_REQUEST_BYTES = 11 * 2**20


class FirestoreServer:
    """Serves on 127.0.0.1 while its context is open; clients find it through FIRESTORE_EMULATOR_HOST."""

    def __init__(
        self,
        port: int = 0,
        state: Path | None = None,
        *,
        record_queries: Path | None = None,
        indexes: Path | None = None,
    ) -> None:
        """`port` 0 takes a free one. `state` is the folder that keeps the documents; None keeps nothing.

        With `indexes` (`DEPLOYED`, or a file like it) a query without an index is refused; without, all are
        answered, as Google's emulator does it.
        """
        self.port = port
        self.recorder = QueryRecorder(record_queries)
        self._indexes = Indexes.from_file(indexes) if indexes else None
        self._state = state

    async def __aenter__(self) -> Self:
        self._store = Store(self._state)
        self._server = grpc.aio.server(
            handlers=[_Handler(FirestoreService(self._store, self.recorder, self._indexes))],
            options=[
                ("grpc.so_reuseport", 0),  # a second server on the same port is a mistake, not a helper
                ("grpc.max_receive_message_length", _MAX_REQUEST_BYTES),
                ("grpc.max_send_message_length", -1),
            ],
        )
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self._server.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self._server.stop(grace=None)
        self._store.close()

    @property
    def address(self) -> str:
        """`host:port`, for FIRESTORE_EMULATOR_HOST."""
        return f"127.0.0.1:{self.port}"


class _Handler(grpc.GenericRpcHandler):
    """Routes a call to the coroutine of its name, and a `RequestError` to its status."""

    def __init__(self, service: FirestoreService) -> None:
        def unary(request_type: Any) -> grpc.RpcMethodHandler:
            method = getattr(service, _name(request_type))
            return grpc.unary_unary_rpc_method_handler(
                _unary(method), request_type.pb().FromString, _serialize
            )

        def stream(request_type: Any) -> grpc.RpcMethodHandler:
            method = getattr(service, _name(request_type))
            return grpc.unary_stream_rpc_method_handler(
                _stream(method), request_type.pb().FromString, _serialize
            )

        unaries = (
            types.GetDocumentRequest,
            types.ListDocumentsRequest,
            types.ListCollectionIdsRequest,
            types.CommitRequest,
            types.BatchWriteRequest,
            types.BeginTransactionRequest,
            types.RollbackRequest,
        )
        streams = (types.BatchGetDocumentsRequest, types.RunQueryRequest, types.RunAggregationQueryRequest)
        self._methods = {_path(_name(request)): unary(request) for request in unaries}
        self._methods |= {_path(_name(request)): stream(request) for request in streams}
        self._methods[_path("Listen")] = grpc.stream_stream_rpc_method_handler(
            _stream(service.Listen), types.ListenRequest.pb().FromString, _serialize
        )

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        method = handler_call_details.method
        return self._methods.get(method) or grpc.stream_stream_rpc_method_handler(_not_implemented(method))


def _name(request_type: Any) -> str:
    return request_type.__name__.removesuffix("Request")


def _path(method: str) -> str:
    return f"/{_SERVICE}/{method}"


def _serialize(message: Any) -> bytes:
    return message.SerializeToString()


def _unary(method: Callable[[Any], Any]) -> Callable[..., Any]:
    async def call(request: Any, context: grpc.aio.ServicerContext) -> Any:
        try:
            return await method(request)
        except RequestError as error:
            await context.abort(error.code, error.message)

    return call


def _stream(method: Callable[[Any], AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
    async def call(request: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
        try:
            async for response in method(request):
                yield response
        except RequestError as error:
            await context.abort(error.code, error.message)

    return call


def _not_implemented(method: str) -> Callable[..., AsyncIterator[bytes]]:
    async def call(_requests: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[bytes]:
        error = unimplemented(method)
        await context.abort(error.code, error.message)
        yield b""  # makes this an asynchronous generator

    return call
