"""Three ways to put a caller through to Gemini Live, for `bench.voice`.

Ours, the least that livekit-agents can be, and a bare google-genai loop. Each runs in processes of its own
and imports no more than it needs.
"""
