"""How a voice sounds: our gateway and the real google-genai client against the stand-in, and the API."""

import io
import ssl
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from google.genai import Client, types
from google.genai.errors import ClientError
from pydantic import SecretStr

from local.gemini import GeminiLive, Options
from local.speech import speech_for
from shared.errors import UnavailableError
from shared.gateways.gemini_speech import GeminiSpeechGateway
from shared.models.voices import SAMPLES, VOICES
from tests.contract.google_stand_in import certificates
from tests.contract.tools_api_stack import Stack

pytestmark = [pytest.mark.contract, pytest.mark.asyncio(loop_scope="module")]

MODEL = "gemini-3.8-flash-lite-tts"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gemini() -> AsyncIterator[GeminiLive]:
    async with GeminiLive(Options(certificates().cert, certificates().key)) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(gemini: GeminiLive, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    folder = tmp_path_factory.mktemp("tools-api")
    url = f"https://127.0.0.1:{gemini.port}"
    async with Stack(folder, GEMINI_API_KEY="laptop", GOOGLE_GEMINI_BASE_URL=url) as running:
        yield running


def content(sound: bytes) -> tuple[int, float]:
    """(samples a second, seconds) of a mono WAV file of 16-bit samples."""
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.getframerate(), file.getnframes() / file.getframerate()


async def test_the_real_client_gets_the_same_sound_as_our_gateway(gemini: GeminiLive, stack: Stack) -> None:
    context = ssl.create_default_context(cafile=str(certificates().bundle))
    url = f"https://127.0.0.1:{gemini.port}"
    options = types.HttpOptions(base_url=url, api_version="v1beta", async_client_args={"ssl": context})
    config = types.GenerateContentConfig(
        response_modalities=["AUDIO"],
        speech_config=types.SpeechConfig(
            voice_config=types.VoiceConfig(
                prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name="Kore")
            ),
            language_code="en-US",
        ),
    )
    client = Client(api_key="laptop", http_options=options)
    answer = await client.aio.models.generate_content(model=MODEL, contents=SAMPLES["en"], config=config)
    assert answer.parts is not None
    blob = answer.parts[0].inline_data
    assert blob is not None
    assert blob.data == speech_for(SAMPLES["en"], "agent", 24_000).data
    speech = GeminiSpeechGateway(SecretStr("laptop"), url, MODEL)
    ours = await speech.speak(SAMPLES["en"], "Kore", "en-US")
    assert ours[44:] == blob.data
    with pytest.raises(ClientError, match="400"):
        await client.aio.models.generate_content(model=MODEL, contents=SAMPLES["en"])


async def test_a_voice_is_heard_through_the_api_and_kept_by_the_browser(stack: Stack) -> None:
    tenant = await stack.tenant()
    listed = (await stack.client(tenant.viewer.token)("GET", "/voices", expect=200)).body["items"]
    assert [voice["name"] for voice in listed] == [voice.name for voice in VOICES]
    assert all(voice["description"] for voice in listed)
    headers = {"Authorization": f"Bearer {tenant.viewer.token}"}
    async with stack.session.get("/api/v1/voices/Puck/sample?language=en-GB", headers=headers) as answer:
        assert (answer.status, answer.content_type) == (200, "audio/wav")
        assert answer.headers["Cache-Control"].startswith("private, max-age=")
        rate, seconds = content(await answer.read())
    assert rate == 24_000
    assert seconds == pytest.approx(speech_for(SAMPLES["en"], "agent").seconds, abs=0.05)
    for path, status in (("Nobody/sample", 404), ("Puck/sample?language=klingon!", 422)):
        refused = await stack.client(tenant.viewer.token)("GET", f"/voices/{path}", expect=status)
        assert refused.headers["Cache-Control"] == "no-store"


async def test_a_model_that_is_out_of_reach_is_a_503(gemini: GeminiLive, stack: Stack) -> None:
    tenant = await stack.tenant()
    gemini.refuse_for(60)
    try:
        await stack.client(tenant.viewer.token)("GET", "/voices/Puck/sample", expect=503)
    finally:
        gemini.refuse_for(0)
    with pytest.raises(UnavailableError):
        await GeminiSpeechGateway(SecretStr("x"), "http://127.0.0.1:9", MODEL).speak("Hi.", "Kore", "en")


async def test_without_a_key_the_answer_says_so(tmp_path: Path) -> None:
    async with Stack(tmp_path) as stack:
        tenant = await stack.tenant()
        refused = await stack.client(tenant.viewer.token)("GET", "/voices/Puck/sample", expect=404)
        assert refused.body["detail"] == "Voice samples are not set up in this deployment."


async def test_the_stand_in_wants_a_key_and_does_nothing_else_over_rest(gemini: GeminiLive) -> None:
    context = ssl.create_default_context(cafile=str(certificates().bundle))
    url = f"https://127.0.0.1:{gemini.port}/v1beta/models"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as http:
        async with http.post(f"{url}/{MODEL}:generateContent", json={}) as answer:
            assert answer.status == 403
        key = {"x-goog-api-key": "laptop"}
        async with http.post(f"{url}/gemini-3.8-flash:generateContent", json={}, headers=key) as answer:
            assert answer.status == 501
            assert (await answer.json())["error"]["status"] == "UNIMPLEMENTED"
