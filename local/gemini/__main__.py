"""`python -m local.gemini`: the stand-in as a process of its own."""

import argparse
from pathlib import Path

from local.gemini.mouth import Pace
from local.gemini.server import GeminiLive, Options
from local.runtime import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.gemini", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="wss, for the model's clients")
    parser.add_argument("--control-port", type=int, required=True, help="plain HTTP, see control.py")
    parser.add_argument("--tls-cert", type=Path, required=True)
    parser.add_argument("--tls-key", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True, help="folder for what survives a restart")
    parser.add_argument("--speed", type=float, default=Pace.speed, help="× real time; 0: at once")
    parser.add_argument("--chunk-ms", type=int, default=Pace.chunk_ms)
    parser.add_argument("--silence-ms", type=int, default=Options.silence_ms, help="that ends a turn")
    parser.add_argument("--stamp", action="store_true", help="time stamps in the sound, for measurements")
    a = parser.parse_args()
    pace = Pace(a.chunk_ms, a.speed, a.stamp)
    serve(GeminiLive(Options(a.tls_cert, a.tls_key, a.port, a.control_port, a.state, pace, a.silence_ms)))


if __name__ == "__main__":
    main()
