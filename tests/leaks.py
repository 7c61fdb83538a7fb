"""Searching what a run left behind for secrets that should not be there."""

import json
import logging
from collections.abc import AsyncIterator, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any

from google.cloud.firestore import AsyncClient

from shared.telemetry import JsonFormatter


class LogKeeper(logging.Handler):
    """Every line of every logger at DEBUG, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(JsonFormatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def all_logs() -> Generator[LogKeeper]:
    """Also of libraries that keep their lines from the root logger."""
    keeper = LogKeeper()
    loggers = [logging.getLogger(), *(logging.getLogger(name) for name in ("google", "grpc", "urllib3"))]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(keeper)
        logger.setLevel(logging.DEBUG)
    try:
        yield keeper
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(keeper)
            logger.setLevel(level)


async def firestore_contents(client: AsyncClient) -> list[str]:
    """Every document, with its path, as text."""
    return [text async for text in _documents(client)]


async def _documents(parent: Any) -> AsyncIterator[str]:
    async for collection in parent.collections():
        async for document in collection.list_documents():
            snapshot = await document.get()
            yield f"{document.path} {json.dumps(snapshot.to_dict(), default=str)}"
            async for text in _documents(document):
                yield text


def leaks(secrets: Mapping[str, Iterable[str]], places: Mapping[str, Iterable[str]]) -> list[str]:
    """ "<kind of secret> in <place>: <beginning of the text>" for every hit."""
    return [
        f"{kind} in {place}: {text[:160]}"
        for kind, values in secrets.items()
        for value in values
        for place, texts in places.items()
        for text in texts
        if value in text
    ]
