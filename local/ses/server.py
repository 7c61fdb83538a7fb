"""moto's server as our Amazon SES. One at a time in a process: moto's state is global.

What was sent can be read at `/moto-api/data.json` (`ses` → `Message`: source, destinations, subject, body);
further senders are verified with SES's own VerifyEmailIdentity, which moto grants at once.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_api import recorder
from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer
from moto.ses.models import ses_backends


class SesStandIn:
    """`port` is the real one once the context is entered."""

    def __init__(
        self,
        port: int = 0,
        *,
        verified: Sequence[str] = (),
        region: str = "us-east-1",
        persistent: bool = False,
    ) -> None:
        """`persistent`: requests are kept in the file `MOTO_RECORDER_FILEPATH` and played again at start."""
        self.port = port
        self._verified = verified
        self._region = region
        self._persistent = persistent
        self._server = ThreadedMotoServer("127.0.0.1", port, verbose=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._start)
        return self

    async def __aexit__(self, *_: object) -> None:
        recorder.stop_recording()
        await asyncio.to_thread(self._server.stop)
        moto_api_backend.reset()

    def _start(self) -> None:
        """Whoever finds the port open finds everything as it should be."""
        for address in self._verified:
            ses_backends[DEFAULT_ACCOUNT_ID][self._region].verify_email_identity(address)
        if self._persistent:
            _play_again(Path(os.environ["MOTO_RECORDER_FILEPATH"]))
            recorder.start_recording()
        self._server.start()
        _, self.port = self._server.get_host_and_port()


def _play_again(recording: Path) -> None:
    """On a port that nobody knows yet; the state that it leaves behind is the process's."""
    if not recording.exists():
        return
    private = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    private.start()
    host, port = private.get_host_and_port()
    recorder.replay_recording(target_host=f"http://{host}:{port}")
    private.stop()
