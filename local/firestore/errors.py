"""A request that is answered with a gRPC status other than OK."""

import grpc


class RequestError(Exception):
    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(message: str) -> RequestError:
    return RequestError(grpc.StatusCode.INVALID_ARGUMENT, message)


def aborted(message: str) -> RequestError:
    return RequestError(grpc.StatusCode.ABORTED, message)


def unimplemented(what: str) -> RequestError:
    return RequestError(grpc.StatusCode.UNIMPLEMENTED, f"the local Firestore does not implement {what}")
