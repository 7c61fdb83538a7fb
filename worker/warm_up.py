"""What would otherwise block a call's event loop while the caller hears ringing.

Done once, before any call: in the fork server where processes can inherit it (worker/preload.py), in each
idle process for the rest.
"""

import functools
import ssl

from google.genai import Client, types
from livekit.agents.utils import http_context

from worker.settings import WorkerSettings


@functools.cache
def tls_context() -> ssl.SSLContext:
    """For all of a process's connections to Gemini: reading the authorities takes 58 ms.

    Honours SSL_CERT_FILE and SSL_CERT_DIR, as OpenSSL does.
    """
    return http_context._create_ssl_context()  # pyright: ignore[reportPrivateUsage]


def build_schemas() -> None:
    """pydantic builds the validators of google-genai's types when they are first used."""
    config = types.LiveConnectConfig(
        response_modalities=[types.Modality.AUDIO],
        system_instruction=types.Content(parts=[types.Part(text="x")]),
        tools=[types.Tool(function_declarations=[types.FunctionDeclaration(name="f", description="x")])],
        session_resumption=types.SessionResumptionConfig(),
    )
    config.model_dump(exclude_none=True)
    types.LiveServerMessage.model_validate({"server_content": {"model_turn": {"parts": [{"text": "x"}]}}})
    types.LiveClientRealtimeInput(audio=types.Blob(data=b"", mime_type="audio/pcm;rate=16000"))


def warm_up(settings: WorkerSettings) -> None:
    """In an idle process: one client, made and thrown away, loads all that the first one loads."""
    Client(api_key="unused", http_options=types.HttpOptions(async_client_args={"ssl": tls_context()}))
