"""What Twilio is told to do with a caller. https://www.twilio.com/docs/voice/twiml"""

# The TwiML builder is not typed; everything here returns the finished XML.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import re
from urllib.parse import urlencode

from twilio.twiml.voice_response import Dial, VoiceResponse

from functions.incoming_call.settings import EdgeSettings
from shared.models.agent import Fallback, ForwardFallback, SayFallback, VoicemailFallback
from shared.models.session import room_name_for

RING_SECONDS = 20
"""How long the caller hears ringing when no agent comes. The watchdog gives up earlier."""

FORWARD_RING_SECONDS = 25

DIAL_MARGIN_SECONDS = 90
"""Twilio cuts a call so long after the agent should have ended it at its maximum length."""

NOBODY_ANSWERS = "Sorry, nobody can take your call at the moment. Please try again later. Goodbye."
NUMBER_NOT_IN_USE = (
    "The number you have dialed is not in use. Please check the number and dial again. Goodbye."
)
VOICEMAIL_THANKS = "Thank you. Your message has been recorded. Goodbye."

DIAL_RESULT_PATH = "/api/v1/voice/twilio/dial-result"
FORWARD_RESULT_PATH = "/api/v1/voice/twilio/forward-result"
FALLBACK_PATH = "/api/v1/voice/twilio/fallback"
RECORDING_PATH = "/api/v1/voice/twilio/recording"

# https://www.twilio.com/docs/voice/twiml/say#attributes-language; another value makes Twilio end the call.
SAY_LANGUAGES = re.compile(
    "da-DK|de-DE|en-(AU|CA|GB|IN|US)|ca-ES|es-(ES|MX)|fi-FI|fr-(CA|FR)|it-IT|ja-JP|ko-KR|nb-NO|nl-NL|pl-PL|"
    "pt-(BR|PT)|ru-RU|sv-SE|zh-(CN|HK|TW)"
)

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""XML 1.0, section 2.2. One such character, and Twilio rejects the document: the caller hears an error."""


def callback_url(settings: EdgeSettings, path: str, **query: str) -> str:
    """A URL for Twilio to call back. What stands in its query comes back signed, so it can be trusted."""
    return f"{settings.public_url}{path}?{urlencode(query)}" if query else f"{settings.public_url}{path}"


def dial_agent(settings: EdgeSettings, tenant_id: str, session_id: str, max_call_seconds: int) -> str:
    """Ring at the room. With answerOnBridge the caller's call is answered only when the agent's is."""
    response = VoiceResponse()
    dial = Dial(
        answer_on_bridge=True,
        timeout=RING_SECONDS,
        time_limit=max_call_seconds + DIAL_MARGIN_SECONDS,
        action=callback_url(settings, DIAL_RESULT_PATH, tenant=tenant_id),
        method="POST",
    )
    dial.sip(
        f"sip:{room_name_for(session_id)}@{settings.sip_host};transport=tls",
        username=settings.sip_username,
        password=settings.sip_password.get_secret_value(),
    )
    response.append(dial)
    return str(response)


def serve(settings: EdgeSettings, tenant_id: str, fallback: Fallback, language: str) -> str:
    """The agent's fallback."""
    match fallback:
        case ForwardFallback(number=number):
            return forward(settings, number, tenant=tenant_id)
        case VoicemailFallback():
            return _voicemail(settings, tenant_id, fallback, language)
        case SayFallback(text=text):
            return say_and_hang_up(text, language)


def last_resort(settings: EdgeSettings) -> str:
    """For a caller of whom nothing can be found out."""
    if settings.fallback_number is not None:
        return forward(settings, settings.fallback_number)
    return say_and_hang_up(settings.fallback_message)


def forward(settings: EdgeSettings, number: str, **query: str) -> str:
    response = VoiceResponse()
    dial = Dial(
        answer_on_bridge=True,
        timeout=FORWARD_RING_SECONDS,
        action=callback_url(settings, FORWARD_RESULT_PATH, **query),
        method="POST",
    )
    dial.number(number)
    response.append(dial)
    return str(response)


def say_and_hang_up(text: str, language: str | None = None) -> str:
    response = VoiceResponse()
    _say(response, text, language)
    response.hangup()
    return str(response)


def hang_up() -> str:
    response = VoiceResponse()
    response.hangup()
    return str(response)


def _voicemail(settings: EdgeSettings, tenant_id: str, fallback: VoicemailFallback, language: str) -> str:
    response = VoiceResponse()
    _say(response, fallback.prompt, language)
    stored = callback_url(settings, RECORDING_PATH, tenant=tenant_id)
    response.record(
        action=stored,
        method="POST",
        recording_status_callback=stored,
        recording_status_callback_method="POST",
        max_length=fallback.max_seconds,
        play_beep=True,
        finish_on_key="#",
    )
    # Twilio comes here when the caller said nothing at all.
    _say(response, NOBODY_ANSWERS, None)
    response.hangup()
    return str(response)


def _say(response: VoiceResponse, text: str, language: str | None) -> None:
    known = language if SAY_LANGUAGES.fullmatch(language or "") else None
    response.say(_NOT_XML.sub(" ", text), language=known)
