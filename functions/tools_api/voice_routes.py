"""The voices that an agent can have, and how each sounds."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field

from functions.tools_api.access import ApiDep, Known
from functions.tools_api.problems import error_responses
from shared.errors import NotFoundError
from shared.models.agent_input import LanguageTag
from shared.models.api_key import Scope
from shared.models.voices import VOICES, sample_text

router = APIRouter(prefix="/voices", tags=["voices"])

Anybody = Annotated[str, Depends(Known(Scope.AGENTS_READ))]
VoiceName = Annotated[str, Path(max_length=40)]

SAMPLE_KEPT_SECONDS = 7 * 24 * 3600
"""By browsers: what a voice says is always the same."""


class VoiceOut(BaseModel):
    name: str = Field(description="What an agent's `voice` is set to.")
    description: str


class VoicesOut(BaseModel):
    items: list[VoiceOut]


@router.get("", responses=error_responses(401, 403, 422, 429, 503))
async def list_voices(who: Anybody) -> VoicesOut:
    return VoicesOut(items=[VoiceOut(name=voice.name, description=voice.description) for voice in VOICES])


@router.get(
    "/{voice}/sample",
    response_class=Response,
    responses={
        200: {
            "description": "A sentence.",
            "content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}},
        },
        **error_responses(401, 403, 404, 422, 429, 503),
    },
)
async def get_voice_sample(
    who: Anybody,
    voice: VoiceName,
    api: ApiDep,
    language: Annotated[
        LanguageTag, Query(description="Where there is no sentence, it is English.")
    ] = "en-US",
) -> Response:
    """Spoken by the voice. 404 also where the deployment has no key for Gemini's API."""
    if voice not in {known.name for known in VOICES}:
        raise NotFoundError(f"no voice {voice}", sentence="There is no such voice.", code="no_such_voice")
    if api.speech is None:
        raise NotFoundError(
            "GEMINI_API_KEY is not set",
            sentence="Voice samples are not set up in this deployment.",
            code="no_voice_samples",
        )
    sound = await api.speech.speak(sample_text(language), voice, language)
    kept = f"private, max-age={SAMPLE_KEPT_SECONDS}, immutable"
    return Response(sound, media_type="audio/wav", headers={"Cache-Control": kept})
