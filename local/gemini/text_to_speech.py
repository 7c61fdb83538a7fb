"""The REST method that speaks a text: `generateContent` with AUDIO as the only modality.

https://ai.google.dev/api/generate-content. The voice is this laptop's own, whichever is asked for.
"""

import asyncio
import base64
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from local.gemini.mouth import RATE
from local.speech import MissingSpeech, speech_for

TOKENS_PER_SECOND = 25
UNSPEAKABLE = "This sentence has no recording on this laptop."


class _Message(BaseModel):
    """Names may come as protobuf has them or as JSON does; the real service takes both."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class _TextPart(_Message):
    text: str = Field(min_length=1)


class _Content(_Message):
    role: Literal["user"] = "user"
    parts: list[_TextPart] = Field(min_length=1)


class _PrebuiltVoice(_Message):
    voice_name: str = Field(min_length=1)


class _VoiceConfig(_Message):
    prebuilt_voice_config: _PrebuiltVoice


class _SpeechConfig(_Message):
    voice_config: _VoiceConfig
    language_code: str | None = None


class _GenerationConfig(_Message):
    response_modalities: list[Literal["AUDIO"]] = Field(min_length=1)
    speech_config: _SpeechConfig


class _Request(_Message):
    contents: list[_Content] = Field(min_length=1)
    generation_config: _GenerationConfig


async def answer(request: web.Request) -> web.Response:
    if not (request.headers.get("x-goog-api-key") or request.query.get("key")):
        return _error(403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers.")
    model = request.match_info["model"]
    if not model.endswith("-tts") and "-tts-" not in model:
        return _error(501, "UNIMPLEMENTED", f"The stand-in's {model} generates nothing over REST.")
    try:
        asked = _Request.model_validate_json(await request.read())
    except ValidationError as error:
        finding = error.errors(include_url=False)[0]
        where = ".".join(map(str, finding["loc"]))
        return _error(400, "INVALID_ARGUMENT", f"Invalid JSON payload received: {where}: {finding['msg']}")
    text = " ".join(part.text for content in asked.contents for part in content.parts)
    try:
        pcm = await asyncio.to_thread(speech_for, text, "agent", RATE)
    except MissingSpeech:
        pcm = await asyncio.to_thread(speech_for, UNSPEAKABLE, "agent", RATE)
    sound = {
        "mimeType": f"audio/L16;codec=pcm;rate={RATE}",
        "data": base64.b64encode(pcm.data).decode(),
    }
    prompt, spoken = len(text.split()), round(pcm.seconds * TOKENS_PER_SECOND)
    return web.json_response(
        {
            "candidates": [
                {
                    "content": {"role": "model", "parts": [{"inlineData": sound}]},
                    "finishReason": "STOP",
                    "index": 0,
                }
            ],
            "usageMetadata": {
                "promptTokenCount": prompt,
                "candidatesTokenCount": spoken,
                "totalTokenCount": prompt + spoken,
                "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": spoken}],
            },
            "modelVersion": model,
        }
    )


def _error(status: int, code: str, message: str) -> web.Response:
    body: dict[str, Any] = {"error": {"code": status, "status": code, "message": message}}
    return web.json_response(body, status=status)
