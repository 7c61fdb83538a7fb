"""Bodies of strangers' answers, over aiohttp."""

from aiohttp import ClientResponse

from shared.errors import UnavailableError


async def read_whole(answer: ClientResponse, most: int) -> bytes:
    """The body, in however many pieces it comes. Raises `UnavailableError` for more than `most` bytes."""
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > most:
            raise UnavailableError(f"{answer.url.host}: an answer of more than {most} bytes")
    return bytes(body)
