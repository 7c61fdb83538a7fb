"""The recorded lines: `recordings/<hash of voice and text>.opus`, listed in `recordings/index.json`."""

import hashlib
import json
from functools import cache
from pathlib import Path

import numpy as np

from local.speech.pcm import Pcm

FOLDER = Path(__file__).parent / "recordings"
_RATE = 16_000
_BITS_PER_SECOND = 20_000  # plain speech at 16 kHz; a telephone carries less


def name_of(text: str, voice: str) -> str:
    return hashlib.sha256(f"{voice}\n{text}".encode()).hexdigest()[:16]


def has(text: str, voice: str) -> bool:
    return (FOLDER / f"{name_of(text, voice)}.opus").exists()


def load(text: str, voice: str) -> Pcm | None:
    return _decode(FOLDER / f"{name_of(text, voice)}.opus") if has(text, voice) else None


def save(pcm: Pcm, text: str, voice: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    _encode(pcm.at(_RATE), FOLDER / f"{name_of(text, voice)}.opus")
    _write_index({**index(), name_of(text, voice): {"voice": voice, "text": text}})


def remove(name: str) -> None:
    (FOLDER / f"{name}.opus").unlink(missing_ok=True)
    _write_index({key: line for key, line in index().items() if key != name})


def index() -> dict[str, dict[str, str]]:
    """File name without suffix → voice and text."""
    path = FOLDER / "index.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _write_index(lines: dict[str, dict[str, str]]) -> None:
    ordered = dict(sorted(lines.items(), key=lambda item: (item[1]["voice"], item[1]["text"])))
    text = json.dumps(ordered, indent=2, ensure_ascii=False)
    (FOLDER / "index.json").write_text(text + "\n", encoding="utf-8")


@cache
def _decode(path: Path) -> Pcm:
    import av

    with av.open(str(path)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    floats = np.concatenate(frames, axis=1)[0]  # FFmpeg's Opus decoder yields planar floats in [-1, 1]
    return Pcm((np.clip(floats, -1, 1) * 32767).astype(np.int16), rate).at(_RATE)


def _encode(pcm: Pcm, path: Path) -> None:
    import av

    with av.open(str(path), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=pcm.rate, layout="mono")
        stream.bit_rate = _BITS_PER_SECOND
        frame = av.AudioFrame.from_ndarray(pcm.samples[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate = pcm.rate
        for part in (frame, None):
            for packet in stream.encode(part):
                container.mux(packet)
