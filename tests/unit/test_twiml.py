"""TwiML becomes typed verbs; whatever this stand-in does not know is refused by name."""

import pytest

from local.twilio import twiml
from local.twilio.call import scrubbed

pytestmark = pytest.mark.unit


def parsed(verbs: str) -> list[twiml.Verb]:
    return twiml.parse(f'<?xml version="1.0" encoding="UTF-8"?><Response>{verbs}</Response>')


def made(model: type[twiml.Element], **values: object) -> twiml.Element:
    return model.model_validate(values)


@pytest.mark.parametrize(
    ("document", "verb"),
    [
        ("<Say>Hello &amp; welcome</Say>", made(twiml.Say, text="Hello & welcome")),
        ('<Say voice="Polly.Joanna" language="en-US" loop="2">Hi</Say>',
         made(twiml.Say, text="Hi", voice="Polly.Joanna", language="en-US", loop=2)),
        ("<Play>https://a.example/b.wav</Play>", made(twiml.Play, text="https://a.example/b.wav")),
        ('<Pause length="3"/>', made(twiml.Pause, length=3)),
        ("<Hangup/>", made(twiml.Hangup)),
        ('<Reject reason="busy"/>', made(twiml.Reject, reason="busy")),
        ('<Redirect method="GET">/next</Redirect>', made(twiml.Redirect, text="/next", method="GET")),
        ('<Record action="/done" maxLength="60" playBeep="false" timeout="3" finishOnKey="#"/>',
         made(twiml.Record, action="/done", maxLength=60, playBeep=False, timeout=3, finishOnKey="#")),
        ("<Dial>+14155550111</Dial>", made(twiml.Dial, text="+14155550111")),
        ('<Dial answerOnBridge="true" action="/r"><Sip username="u" password="p">sip:a@b</Sip></Dial>',
         made(twiml.Dial, answerOnBridge=True, action="/r",
              children=(made(twiml.Sip, text="sip:a@b", username="u", password="p"),))),
        ('<Dial callerId="+1"><Number statusCallback="/s">+14155550111</Number></Dial>',
         made(twiml.Dial, callerId="+1",
              children=(made(twiml.Number, text="+14155550111", statusCallback="/s"),))),
    ],
)  # fmt: skip
def test_every_verb_that_the_product_emits_is_read(document: str, verb: twiml.Element) -> None:
    assert parsed(document) == [verb]


def test_verbs_keep_their_order() -> None:
    assert [type(verb) for verb in parsed("<Say>a</Say><Pause/><Hangup/>")] == [
        twiml.Say,
        twiml.Pause,
        twiml.Hangup,
    ]


def test_a_number_in_the_dial_verb_itself_is_its_noun() -> None:
    [dial] = parsed("<Dial>+14155550111</Dial>")
    assert isinstance(dial, twiml.Dial)
    assert dial.noun == twiml.Number(text="+14155550111")


@pytest.mark.parametrize(
    ("document", "code", "names"),
    [
        ("<Response><Say>Hi</Response>", 12100, "Document parse failure"),
        ("", 12100, "Document parse failure"),
        ("<html/>", 12100, "<html>"),
        ("<Response><Gather/></Response>", 12200, "UNIMPLEMENTED: <Gather>"),
        ("<Response><say>Hi</say></Response>", 12200, "UNIMPLEMENTED: <say>"),
        ("<Response><Say/></Response>", 12200, "<Say> text"),
        ('<Response><Hangup delay="1"/></Response>', 12200, "<Hangup> delay"),
        ('<Response><Dial timeout="soon">+1</Dial></Response>', 12200, "<Dial> timeout"),
        ("<Response><Dial/></Response>", 12200, "other than one party"),
        ("<Response><Dial><Number>+1</Number><Sip>sip:a@b</Sip></Dial></Response>", 12200, "one party"),
        (
            "<Response><Dial><Conference>a</Conference></Dial></Response>",
            12200,
            "UNIMPLEMENTED: <Conference>",
        ),
        ('<Response><Reject reason="away"/></Response>', 12200, "<Reject> reason"),
    ],
)
def test_what_is_not_twiml_or_not_implemented_is_refused_by_name(
    document: str, code: int, names: str
) -> None:
    with pytest.raises(twiml.TwimlError, match=names) as refused:
        twiml.parse(document)
    assert refused.value.code == code


def test_the_sip_password_is_never_shown() -> None:
    document = '<Dial><Sip username="u" password="s3cret">sip:a@b</Sip></Dial>'
    assert "s3cret" not in scrubbed(document)
    assert 'username="u"' in scrubbed(document)
    assert "s3cret" not in repr(parsed(document))
