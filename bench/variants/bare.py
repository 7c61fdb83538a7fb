"""The least that can be: google-genai's own client, and a loop over what it receives."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from google.genai import Client, types
from google.genai.live import AsyncSession

from bench.variants.call import CallSpec
from bench.variants.caller import Ear, Hear

LOOK_UP = types.FunctionDeclaration(
    name="look_up",
    description="Looks up what is planned on a day.",
    parameters=types.Schema(
        type=types.Type.OBJECT,
        properties={"day": types.Schema(type=types.Type.STRING)},
        required=["day"],
    ),
)


def prepare() -> None:
    """Nothing."""


@asynccontextmanager
async def call(spec: CallSpec, ear: Ear) -> AsyncGenerator[Hear]:
    config = types.LiveConnectConfig(
        response_modalities=[types.Modality.AUDIO],
        system_instruction=spec.instructions,
        tools=[types.Tool(function_declarations=[LOOK_UP])],
        input_audio_transcription=types.AudioTranscriptionConfig(),
        output_audio_transcription=types.AudioTranscriptionConfig(),
    )
    client = Client(api_key=spec.api_key, http_options=types.HttpOptions(api_version="v1beta"))
    async with client.aio.live.connect(model=spec.model, config=config) as session:

        async def hear(pcm: bytes) -> None:
            await session.send_realtime_input(audio=types.Blob(data=pcm, mime_type="audio/pcm;rate=16000"))

        listening = asyncio.create_task(_listen(session, ear))
        turn = types.Content(role="user", parts=[types.Part(text=spec.greet)])
        await session.send_client_content(turns=turn, turn_complete=True)
        try:
            yield hear
        finally:
            listening.cancel()
            await asyncio.wait([listening])


async def _listen(session: AsyncSession, ear: Ear) -> None:
    while True:
        async for message in session.receive():
            content = message.server_content
            if content and content.model_turn:
                for part in content.model_turn.parts or []:
                    if part.inline_data and part.inline_data.data:
                        ear.frame(part.inline_data.data)
            if content and content.interrupted:
                ear.cleared()
            if message.tool_call:
                await session.send_tool_response(
                    function_responses=[
                        types.FunctionResponse(
                            id=called.id,
                            name=called.name,
                            response={"output": ear.look_up(**(called.args or {}))},
                        )
                        for called in message.tool_call.function_calls or []
                    ]
                )
