"""Who is in a call's room, as LiveKit lists them: the edge and the worker replace agents by the same rule."""

from livekit.protocol.models import ParticipantInfo

_PEOPLE = (ParticipantInfo.Kind.SIP, ParticipantInfo.Kind.STANDARD)


def is_person(participant: ParticipantInfo) -> bool:
    """A caller on the phone, or a tester in a browser."""
    return participant.kind in _PEOPLE


def is_agent(participant: ParticipantInfo) -> bool:
    """One that has left may be listed for a while."""
    return (
        participant.kind == ParticipantInfo.Kind.AGENT
        and participant.state != ParticipantInfo.State.DISCONNECTED
    )
