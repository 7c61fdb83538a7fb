"""What would otherwise block a call's event loop while the caller hears ringing.

Libraries build schemas, message classes and TLS contexts when they are first used, half a second's worth.
The fork server uses each of them once (worker/preload.py), and every call's process inherits the result.
Nothing here starts a thread, opens a channel or leaves an event loop behind: those do not survive a fork.
"""

# Firestore's annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import contextlib
import functools
import ssl
from datetime import UTC, datetime, timedelta
from importlib import import_module

import anyio._backends._asyncio  # noqa: F401  # pyright: ignore[reportUnusedImport]  - else imported in a call
from google.auth.exceptions import GoogleAuthError
from google.cloud.firestore_v1 import _helpers as firestore_values
from google.cloud.firestore_v1.types import firestore as firestore_messages
from google.cloud.firestore_v1.types import write as firestore_write
from google.genai import Client, types
from google.genai import _live_converters as live_converters
from livekit.agents.llm import (
    ChatMessage,
    async_toolset,  # noqa: F401  # pyright: ignore[reportUnusedImport]  - else imported in a call
)
from livekit.agents.metrics import RealtimeModelMetrics
from livekit.agents.utils import http_context
from pydantic import BaseModel

from shared.gateways.google_cloud import own_credentials
from shared.models.agent import Agent
from shared.models.session import SessionSnapshot
from worker.gemini_plugin import realtime_api
from worker.model_connector import http_options

_BUILT_WHEN_USED: tuple[type[BaseModel], ...] = (
    types.FunctionCall,
    types.FunctionResponse,
    types.LiveClientContent,
    types.LiveClientToolResponse,
    types.LiveServerContent,
    types.LiveServerGoAway,
    types.LiveServerSessionResumptionUpdate,
    types.LiveServerSetupComplete,
    types.LiveServerToolCall,
    types.LiveServerToolCallCancellation,
    types.ModalityTokenCount,
    types.Transcription,
    types.UsageMetadata,
    ChatMessage,
    RealtimeModelMetrics.InputTokenDetails,
    realtime_api._ChatCtxToolResponse,  # pyright: ignore[reportPrivateUsage]
)
"""Messages of a conversation, whose models pydantic builds one by one at their first use: 16 ms of a call."""


@functools.cache
def tls_context() -> ssl.SSLContext:
    """For all of a process's connections to Gemini: reading the authorities takes 58 ms.

    Honours SSL_CERT_FILE and SSL_CERT_DIR, as OpenSSL does.
    """
    return http_context._create_ssl_context()  # pyright: ignore[reportPrivateUsage]


def warm_up() -> None:
    _use_gemini()
    _use_tools()
    _use_firestore()
    _find_credentials()


def _use_gemini() -> None:
    client = Client(api_key="unused", http_options=http_options(tls_context()))
    config = types.LiveConnectConfig(
        response_modalities=[types.Modality.AUDIO],
        generation_config=types.GenerationConfig(candidate_count=1),
        speech_config=types.SpeechConfig(
            voice_config=types.VoiceConfig(prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name="x"))
        ),
        input_audio_transcription=types.AudioTranscriptionConfig(),
        output_audio_transcription=types.AudioTranscriptionConfig(),
        context_window_compression=types.ContextWindowCompressionConfig(
            trigger_tokens=1, sliding_window=types.SlidingWindow(target_tokens=1)
        ),
        system_instruction=types.Content(parts=[types.Part(text="x")]),
        tools=[types.Tool(function_declarations=[types.FunctionDeclaration(name="f", description="x")])],
        session_resumption=types.SessionResumptionConfig(),
    )
    live_converters._LiveConnectParameters_to_mldev(  # pyright: ignore[reportPrivateUsage]
        api_client=client._api_client,  # pyright: ignore[reportPrivateUsage]
        from_object=types.LiveConnectParameters(model="x", config=config).model_dump(exclude_none=True),
    )
    types.LiveServerMessage.model_validate({"server_content": {"model_turn": {"parts": [{"text": "x"}]}}})
    types.LiveClientRealtimeInput(audio=types.Blob(data=b"", mime_type="audio/pcm;rate=16000"))
    for model in _BUILT_WHEN_USED:
        model.model_rebuild()


def _use_tools() -> None:
    # Tools import these when they first run.
    import_module("boto3")
    import_module("googleapiclient.discovery")
    import_module("httplib2")


def _use_firestore() -> None:
    now = datetime.now(UTC)
    snapshot = SessionSnapshot(
        session_id="x",
        tenant_id="x",
        agent_id="x",
        call_sid="x",
        caller=None,
        called="+14155550100",
        room="x",
        agent=Agent(name="x", instructions="x"),
        tools=[],
        max_concurrent_calls=10,
        started_at=now,
        expires_at=now + timedelta(days=1),
    )
    fields = firestore_values.encode_dict(snapshot.to_firestore())
    document = firestore_messages.BatchGetDocumentsResponse(found={"name": "a/b/c/d/e/f", "fields": fields})
    firestore_values.decode_dict(document.found.fields, None)
    request = firestore_messages.CommitRequest(
        database="x",
        writes=[firestore_write.Write(update=document.found, update_mask={"field_paths": ["x"]})],
    )
    firestore_messages.CommitRequest.serialize(request)
    firestore_messages.CommitResponse.serialize(firestore_messages.CommitResponse(commit_time=now))


def _find_credentials() -> None:
    with contextlib.suppress(GoogleAuthError):  # told when they are needed
        own_credentials()
