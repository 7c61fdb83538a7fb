"""What an editor says into the browser's microphone, and how loud the agent is heard there."""

import wave
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import async_playwright

from local.cloud import Cloud
from local.speech import speech_for
from local.speech.pcm import silence
from tests.browser.chromium import launch
from tests.browser.visitor import Visitor

RATE = 48_000

HEARD = """async (seconds) => {
  const element = document.getElementById("agent-audio");
  const audio = new AudioContext();
  const analyser = audio.createAnalyser();
  audio.createMediaStreamSource(element.srcObject).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    analyser.getFloatTimeDomainData(samples);
    const rms = Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
    if (rms > 0.01) return rms;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return 0;
}"""
"""How loud the agent is as soon as it can be heard; 0 when that does not happen."""


def microphone(path: Path) -> Path:
    """What the caller says: nothing during the greeting, then the question, then goodbye."""
    said = (
        silence(9, RATE)
        + speech_for("What is on my calendar tomorrow?", "caller", RATE)
        + silence(12, RATE)
        + speech_for("Thank you, goodbye.", "caller", RATE)
        + silence(20, RATE)
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(said.data)
    return path


@asynccontextmanager
async def speaking_editor(cloud: Cloud, recording: Path) -> AsyncGenerator[Visitor]:
    """Signed in by the first page, in a browser of their own; `recording` is written for it."""
    wav = microphone(recording)
    async with async_playwright() as playwright:
        browser = await launch(playwright, f"--use-file-for-fake-audio-capture={wav}%noloop")
        context = await browser.new_context(locale="en-US", permissions=["microphone"])
        visitor = Visitor(cloud, context, await context.new_page())
        visitor.expects_test_call()
        await visitor.is_known_as("editor")
        yield visitor
        await browser.close()
        assert visitor.unexpected_complaints() == []
