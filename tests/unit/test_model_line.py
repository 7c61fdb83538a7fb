"""The caller's sound goes out past the client's serialisation: what arrives is what the client would send."""

import json
from typing import Any

import pytest
from google.genai import Client, types
from google.genai.live import AsyncSession

from worker.model_line import ModelLine

pytestmark = pytest.mark.unit

SOUND = types.Blob(data=bytes(range(256)) * 2 + b"\xfb\xff\xfe", mime_type="audio/pcm;rate=16000")


class FakeSocket:
    def __init__(self) -> None:
        self.sent: list[Any] = []

    async def send(self, text: str) -> None:
        self.sent.append(json.loads(text))


@pytest.mark.parametrize("vertex_ai", [False, True])
@pytest.mark.parametrize(
    "given",
    [{"audio": SOUND}, {"text": 'say "yes"'}, {"activity_start": types.ActivityStart()}],
    ids=lambda given: next(iter(given)),
)
async def test_the_line_sends_what_the_client_sends(given: dict[str, Any], vertex_ai: bool) -> None:
    client = Client(api_key="a-key", vertexai=vertex_ai)
    theirs, ours = FakeSocket(), FakeSocket()
    session = AsyncSession(client._api_client, theirs)  # type: ignore[arg-type]
    line = ModelLine(AsyncSession(client._api_client, ours))  # type: ignore[arg-type]
    await session.send_realtime_input(**given)
    await line.send_realtime_input(**given)
    assert ours.sent == theirs.sent != []
