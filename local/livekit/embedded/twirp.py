"""Twirp over HTTP: a method's name is the path, the body protobuf or JSON, an error JSON with a code.

https://twitchtv.github.io/twirp/docs/spec_v7.html
"""

from aiohttp import web
from google.protobuf.json_format import MessageToJson, Parse, ParseError
from google.protobuf.message import DecodeError, Message

from local.livekit.embedded.errors import TwirpError
from local.livekit.embedded.services import Method
from local.livekit.embedded.tokens import Grants

_JSON = "application/json"
_PROTOBUF = "application/protobuf"


async def serve(request: web.Request, methods: dict[str, Method], grants: Grants | None) -> web.Response:
    """Call the method that the path `/twirp/livekit.<service>/<method>` names."""
    try:
        return await _call(request, methods, grants)
    except TwirpError as error:
        return web.json_response(error.as_json(), status=error.status)


async def _call(request: web.Request, methods: dict[str, Method], grants: Grants | None) -> web.Response:
    name = f"{request.match_info['service']}/{request.match_info['method']}"
    method = methods.get(name)
    if method is None:
        raise TwirpError("unimplemented", f"livekit.{name} is not implemented by the embedded server")
    if grants is None:
        raise TwirpError("unauthenticated", "permissions denied")
    message = _parse(method.request(), request.content_type, await request.read())
    return _respond(await method.handler(message, grants), request.content_type)


def _parse(message: Message, content_type: str, body: bytes) -> Message:
    try:
        if content_type == _JSON:
            return Parse(body, message, ignore_unknown_fields=True)
        if content_type == _PROTOBUF:
            message.ParseFromString(body)
            return message
    except (ParseError, DecodeError, UnicodeDecodeError) as error:
        raise TwirpError("malformed", f"the request could not be decoded: {error}") from None
    raise TwirpError("bad_route", f"unexpected Content-Type: {content_type!r}")


def _respond(message: Message, content_type: str) -> web.Response:
    if content_type == _PROTOBUF:
        return web.Response(body=message.SerializeToString(), content_type=_PROTOBUF)
    text = MessageToJson(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True, indent=None
    )
    return web.Response(text=text, content_type=_JSON)
