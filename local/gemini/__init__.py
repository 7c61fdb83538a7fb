"""A stand-in for Gemini's Live API (BidiGenerateContent), scripted by a scenario and with real ears.

It speaks the WebSocket protocol that google-genai 3.4 and livekit-plugins-google 1.8 use, on both the
Gemini API's and Vertex AI's paths: https://ai.google.dev/api/live. It hears the caller (an energy
detector), answers with the scenario's next turn, calls functions, is interrupted by the caller, hands out
resumption handles, and misbehaves when the scenario says so. It understands no words: what the caller said
is known from the scenario, and is reported only when speech of about that length was really heard.

- server.py: the ports and the handshake
- connection.py: one WebSocket, its setup and what the client sends; setup.py: what the real service refuses
- conversation.py: one call across its connections: which turn comes next, interruptions
- performance.py: one reply: speaks, calls functions, misbehaves; mouth.py: speech in paced chunks
- hearing.py: when the caller speaks
- calls.py: which caller plays which scenario; journal.py: what happened
- control.py: HTTP endpoints for phones and tests
"""

from local.gemini.server import GeminiLive, Options

__all__ = ["GeminiLive", "Options"]
