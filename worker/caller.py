"""The one person in the room: when they come, when they can hear, and when they leave.

Attributes as livekit-sip sets them: `sip.callStatus` goes ringing → active → hangup.
"""

# livekit's annotations are partial.
# pyright: reportUnknownMemberType=false

import asyncio
from collections.abc import Callable

from livekit import rtc

_PEOPLE = (rtc.ParticipantKind.PARTICIPANT_KIND_SIP, rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD)
_CALL_STATUS = "sip.callStatus"

COMES_BACK_WITHIN = 10.0
"""Seconds for which a caller who went without a reason is missed: when our own connection to the room is made
anew, everybody leaves it and comes again."""


class Caller:
    """The first person to come is the caller; whoever dials into the room later is not listened to.

    `on_left` is told whether they hung up; else the line broke, and Twilio may still have them.
    """

    def __init__(self, room: rtc.Room, on_left: Callable[[bool], None]) -> None:
        self._room = room
        self._on_left = on_left
        self._missing: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self.participant: rtc.RemoteParticipant | None = None
        # Each handler takes what livekit-rtc passes, exactly: one that raises silences those after it.
        room.on("participant_connected", self._on_participant)
        room.on("participant_attributes_changed", self._on_attributes)
        room.on("participant_disconnected", self._on_participant_left)

    async def arrives(self) -> str:
        """The caller's identity, as soon as they are in the room."""
        while (found := self._find()) is None:
            await self._wait()
        self.participant = found
        return found.identity

    async def listens(self) -> None:
        """Until the phone leg is answered; a browser listens at once."""
        while not self.is_listening():
            await self._wait()

    def _find(self) -> rtc.RemoteParticipant | None:
        return next((p for p in self._room.remote_participants.values() if p.kind in _PEOPLE), None)

    def is_listening(self) -> bool:
        """Somebody has answered, this agent or one before it."""
        caller = self.participant
        if caller is None:
            return False
        return not _is_on_the_phone(caller) or caller.attributes.get(_CALL_STATUS) == "active"

    async def _wait(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _on_participant(self, participant: rtc.RemoteParticipant) -> None:
        self._news.set()

    def _on_attributes(self, changed: dict[str, str], participant: rtc.Participant) -> None:
        self._news.set()

    def _on_participant_left(self, participant: rtc.RemoteParticipant) -> None:
        if self.participant is None or participant.identity != self.participant.identity:
            return
        reason = participant.disconnect_reason
        if reason is None:
            self._missing = asyncio.create_task(self._comes_back(participant.identity), name="caller-missing")
        else:
            self._on_left(
                reason == rtc.DisconnectReason.CLIENT_INITIATED or not _is_on_the_phone(participant)
            )

    async def _comes_back(self, identity: str) -> None:
        try:
            async with asyncio.timeout(COMES_BACK_WITHIN):
                while (found := self._room.remote_participants.get(identity)) is None:
                    await self._wait()
            self.participant = found
            self._news.set()  # whoever waits for the phone to be answered has looked at who was there before
        except TimeoutError:
            self._on_left(False)


def _is_on_the_phone(participant: rtc.RemoteParticipant) -> bool:
    return participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP


def other_agents(room: rtc.Room) -> list[rtc.RemoteParticipant]:
    agent = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
    return [p for p in room.remote_participants.values() if p.kind == agent]
