"""Data packets between participants: who may send which, under whose name, and to whom.

The rules are those of livekit-server's `handleReceivedDataMessage`.
"""

import logging
from collections.abc import Iterable

from google.protobuf.message import DecodeError
from livekit.protocol import models as m

from local.livekit.embedded.participant import Participant
from local.livekit.embedded.peer import Label

log = logging.getLogger(__name__)

_KINDS: dict[str, tuple[Label, m.DataPacket.Kind]] = {
    "_reliable": ("_reliable", m.DataPacket.RELIABLE),
    "_lossy": ("_lossy", m.DataPacket.LOSSY),
}


def forward(raw: bytes, label: str, sender: Participant, participants: Iterable[Participant]) -> None:
    """Check a packet that came on channel `label` and send it on."""
    if label not in _KINDS or not sender.permission.can_publish_data:
        return
    channel, kind = _KINDS[label]
    packet = m.DataPacket()
    try:
        packet.ParseFromString(raw)
    except DecodeError:
        log.warning("%s sent something on %s that is no data packet", sender.identity, label)
        return
    if kind == m.DataPacket.RELIABLE and packet.sequence:
        if packet.sequence <= sender.last_reliable_sequence:
            return  # repeated by a client that was not sure of its delivery
        sender.last_reliable_sequence = packet.sequence
    if not _may_forward(packet, sender):
        return
    _name_the_sender(packet, sender)
    packet.kind = kind
    deliver(packet, channel, [item for item in participants if item is not sender])


def deliver(packet: m.DataPacket, channel: Label, participants: Iterable[Participant]) -> None:
    """Send to those whom the packet names, or to all."""
    identities = set(packet.destination_identities)
    sids = set(packet.user.destination_sids) if packet.HasField("user") else set[str]()
    data = packet.SerializeToString()
    for participant in participants:
        chosen = participant.identity in identities or participant.sid in sids
        if participant.subscriber and (chosen or not (identities or sids)):
            participant.subscriber.send(channel, data)


def _may_forward(packet: m.DataPacket, sender: Participant) -> bool:
    match packet.WhichOneof("value"):
        case None | "metrics":
            return False
        case "transcription":
            return sender.is_agent
        case _:
            return True


def _name_the_sender(packet: m.DataPacket, sender: Participant) -> None:
    packet.participant_sid = sender.sid
    if packet.HasField("user"):
        user = packet.user
        user.participant_sid = sender.sid
        user.participant_identity = sender.identity
        if packet.destination_identities:
            del user.destination_identities[:]
            user.destination_identities.extend(packet.destination_identities)
        else:
            packet.destination_identities.extend(user.destination_identities)
    if not _speaks_for_another(packet, sender):
        packet.participant_identity = sender.identity


def _speaks_for_another(packet: m.DataPacket, sender: Participant) -> bool:
    """An agent publishes what the caller said under the caller's name; the texts are marked as generated."""
    if not sender.is_agent or packet.participant_identity in ("", sender.identity):
        return False
    if packet.HasField("chat_message"):
        packet.chat_message.generated = True
        return True
    if packet.HasField("stream_header") and packet.stream_header.HasField("text_header"):
        packet.stream_header.text_header.generated = True
        return True
    return False
