"""Waiting for what tells nobody that it has come about."""

import asyncio
from collections.abc import Callable
from inspect import isawaitable
from typing import Any

import pytest

LOOK_SECONDS = 15


async def eventually(
    condition: Callable[[], Any], what: str = "", *, seconds: float = 15, pause: float = 0.01
) -> Any:
    """The first true value of `condition`, which may be a coroutine function.

    It is looked at every `pause` seconds (0: whenever others have run), and once more when time is up:
    this process may have lost it. Raises `AssertionError` when there is none for `seconds`, and
    `TimeoutError` when a look itself does not end.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while True:
        is_last = loop.time() >= end
        value = condition()
        if isawaitable(value):
            async with asyncio.timeout(seconds + LOOK_SECONDS):
                value = await value
        if value:
            return value
        if is_last:
            raise AssertionError(f"not within {seconds:g} s: {what or 'what is waited for'}")
        await asyncio.sleep(pause)


def passing(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """The event loop's time goes on by so many seconds at once."""
    loop = asyncio.get_running_loop()
    now, passed = loop.time, list[float]()
    monkeypatch.setattr(loop, "time", lambda: now() + sum(passed))
    return passed.append
