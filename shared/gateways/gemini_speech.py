"""Gemini's text-to-speech: POST /v1beta/models/{model}:generateContent with a voice, answered with sound.

https://ai.google.dev/gemini-api/docs/speech-generation. Plain HTTP: the client library takes a second to
import, which the API would pay on every cold start for one request that few people make.
"""

import asyncio
import base64
import binascii
import io
import ssl
import wave
from typing import Any

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.alias_generators import to_camel

from shared.errors import UnavailableError
from shared.gateways.answers import read_whole

TIMEOUT_SECONDS = 20.0
"""A sentence takes a few seconds. There is no retry here: whoever listens asks again."""
MAX_ANSWER_BYTES = 4 * 1024 * 1024
"""Over a minute of sound."""
SAMPLE_BYTES = 2


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)


class _Blob(_Part):
    mime_type: str
    data: str


class _ContentPart(_Part):
    inline_data: _Blob | None = None


class _Content(_Part):
    parts: list[_ContentPart] = Field(default_factory=list[_ContentPart])


class _Candidate(_Part):
    content: _Content = _Content()


class _Answer(_Part):
    candidates: list[_Candidate] = Field(default_factory=list[_Candidate])


class GeminiSpeechGateway:
    def __init__(self, api_key: SecretStr, base_url: str, model: str) -> None:
        self._api_key = api_key
        self._url = f"{base_url}/v1beta/models/{model}:generateContent"
        self._context: ssl.SSLContext | None = None

    async def speak(self, text: str, voice: str, language: str) -> bytes:
        """`text` in that voice as a WAV file; `language` is a BCP 47 tag. Raises `UnavailableError`."""
        speech = {
            "voiceConfig": {"prebuiltVoiceConfig": {"voiceName": voice}},
            "languageCode": language,
        }
        body = {
            "contents": [{"role": "user", "parts": [{"text": text}]}],
            "generationConfig": {"responseModalities": ["AUDIO"], "speechConfig": speech},
        }
        try:
            answer = _Answer.model_validate_json(await self._post(body))
            blobs = [part.inline_data for each in answer.candidates for part in each.content.parts]
            return _wav(next(blob for blob in blobs if blob is not None))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(f"Gemini speech: {type(error).__name__}") from error
        except (ValidationError, StopIteration, binascii.Error) as error:
            raise UnavailableError(f"Gemini speech: no sound: {type(error).__name__}") from error

    async def _tls(self) -> ssl.SSLContext:
        """Reading the authorities takes 58 ms, so a thread does it, once."""
        if self._context is None:
            self._context = await asyncio.to_thread(ssl.create_default_context)
        return self._context

    async def _post(self, body: dict[str, Any]) -> bytes:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        headers = {"x-goog-api-key": self._api_key.get_secret_value()}
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.post(self._url, json=body, headers=headers, ssl=await self._tls()) as answer,
        ):
            if answer.status != 200:
                raise UnavailableError(f"Gemini speech: HTTP {answer.status}")
            return await read_whole(answer, MAX_ANSWER_BYTES)


def _wav(blob: _Blob) -> bytes:
    """Older models send bare samples (`audio/L16;codec=pcm;rate=24000`), mono and little-endian."""
    data = base64.b64decode(blob.data, validate=True)
    kind, *parameters = (part.strip() for part in blob.mime_type.lower().split(";"))
    if kind in ("audio/wav", "audio/x-wav"):
        return data
    if kind not in ("audio/l16", "audio/pcm"):
        raise UnavailableError(f"Gemini speech: sound as {kind}")
    given = {name: value for name, _, value in (each.partition("=") for each in parameters)}
    file = io.BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(SAMPLE_BYTES)
        target.setframerate(int(given.get("rate", "24000")))
        target.writeframes(data)
    return file.getvalue()
