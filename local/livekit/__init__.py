"""LiveKit on the laptop: the real `livekit-server` when it is found, else an embedded one in Python."""
