"""The stand-in as Terraform starts it: a gRPC server that introduces itself on standard output.

https://github.com/hashicorp/go-plugin/blob/main/docs/guide-plugin-write-non-go.md. Without the transport
security that Terraform offers: it is started with TF_DISABLE_PLUGIN_TLS=1.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent import futures

import grpc

from local.terraform.schema import load
from local.terraform.wire import provider_schema

_COOKIE = ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2")
_PROTOCOL = "1|5|tcp|{address}|grpc"
_PROVIDER = "/tfplugin5.Provider/"
_MESSAGE_BYTES = 64 * 2**20


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._schema = provider_schema(load())
        accept = b""  # no diagnostics: the schema has been checked by Terraform itself
        self._answers: dict[str, Callable[[bytes], bytes]] = {
            "GetSchema": lambda _: self._schema,
            # The request's configuration and the response's prepared one have the same field number.
            "PrepareProviderConfig": lambda request: request,
            "ValidateResourceTypeConfig": lambda _: accept,
            "ValidateDataSourceConfig": lambda _: accept,
            "Configure": lambda _: accept,
            "Stop": lambda _: accept,
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        method = handler_call_details.method
        answer = self._answers.get(method.removeprefix(_PROVIDER))
        if method == "/plugin.GRPCController/Shutdown":
            return grpc.unary_unary_rpc_method_handler(self._shut_down)
        if answer is None:
            return grpc.stream_stream_rpc_method_handler(_not_implemented(method))
        return grpc.unary_unary_rpc_method_handler(lambda request, _context: answer(request))

    def _shut_down(self, _request: bytes, _context: grpc.ServicerContext) -> bytes:
        self._stop()
        return b""


def _not_implemented(method: str) -> Callable[[Iterator[bytes], grpc.ServicerContext], Iterator[bytes]]:
    def call(_requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        text = (
            f"{method}: this is a stand-in for the google provider, which knows its schema and nothing else"
        )
        context.abort(grpc.StatusCode.UNIMPLEMENTED, text)
        yield b""  # makes this a generator

    return call


def main() -> None:
    name, value = _COOKIE
    if os.environ.get(name) != value:
        sys.exit("This is started by Terraform. Try: python -m local.terraform mirror FOLDER")
    stopped = threading.Event()
    options = [("grpc.max_send_message_length", _MESSAGE_BYTES), ("grpc.so_reuseport", 0)]
    server = grpc.server(futures.ThreadPoolExecutor(8), handlers=[_Handler(stopped.set)], options=options)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(_PROTOCOL.format(address=f"127.0.0.1:{port}"), flush=True)
    stopped.wait()
    server.stop(grace=1).wait()


if __name__ == "__main__":
    main()
