"""Nobody hears Twilio tell of a call's end and of its message: later it is asked, over its real API."""

from datetime import timedelta
from pathlib import Path

import pytest

from local.speech.pcm import tone
from local.twilio.store import CallRecord
from shared.gateways.firestore import Put
from shared.models.agent import VoicemailFallback
from shared.models.base import utc_now
from tests.calls.laptop import restored_environment
from tests.edge_stack import INCOMING, NUMBER, RECORDING, TENANT, EdgeStack, call_params

pytestmark = pytest.mark.contract

SETTLE = "/api/v1/tasks/settle-calls"


async def test_a_lost_end_and_a_lost_message_are_fetched_from_twilio(tmp_path: Path) -> None:
    began = utc_now().replace(microsecond=0) - timedelta(minutes=5)
    ended = began + timedelta(seconds=40)
    first, unwritten, untold = (call_params(number) for number in (1, 2, 3))
    with restored_environment():
        async with EdgeStack(tmp_path / "cloud", announces_rooms=False) as stack:
            await stack.seed(enabled=False, fallback=VoicemailFallback())
            await stack.start_function()
            path, other = (f"tenants/{TENANT}/calls/{p['CallSid'].lower()}" for p in (first, unwritten))
            last = f"tenants/{TENANT}/calls/{untold['CallSid'].lower()}"
            assert "<Record" in (await stack.post(INCOMING, first))[1]
            call = await stack.database.get(path)
            assert call is not None
            await stack.database.commit([Put(path, {**call, "started_at": began})])
            assert (await stack.post_task(SETTLE, signed=False))[0] == 401
            assert (await stack.post_task(SETTLE))[0] == 503, (
                "Twilio is out of reach; Cloud Scheduler tries again"
            )

            async with stack.twilio(tmp_path / "twilio") as phone:
                for params in (first, unwritten, untold):
                    phone.exchange.store.put_call(
                        CallRecord(
                            sid=params["CallSid"],
                            from_=params["From"],
                            to=NUMBER,
                            direction="inbound",
                            status="completed",
                            created_at=began,
                            start_time=began,
                            end_time=ended,
                        )
                    )
                sound = tone(2, 8000).samples
                kept = phone.exchange.keep_recording(first["CallSid"], "RecordVerb", began, sound)
                phone.exchange.keep_recording(untold["CallSid"], "RecordVerb", began, sound)
                yesterday = began - timedelta(days=1)
                phone.exchange.keep_recording(call_params(4)["CallSid"], "RecordVerb", yesterday, sound)
                assert await stack.post_task(SETTLE) == (200, '{"settled":2}')
                assert await stack.post_task(SETTLE) == (200, '{"settled":0}')
                call = await stack.database.get(path)
                assert call is not None
                assert (call["outcome"], call["ended_at"]) == ("voicemail", ended)
                url = phone.exchange.recording_url(kept)
                assert call["voicemail"] == {"recording_sid": kept.sid, "recording_url": url, "seconds": 2}

                # Of these nothing could be written down when they came in; of one, nor when its message did.
                call = await stack.database.get(last)
                assert call is not None
                assert (call["caller"], call["started_at"], call["ended_at"]) == (
                    untold["From"],
                    began,
                    ended,
                )
                assert call["voicemail"]["seconds"] == 2
                kept = phone.exchange.keep_recording(unwritten["CallSid"], "RecordVerb", began, sound)
                told = {
                    "AccountSid": unwritten["AccountSid"],
                    "CallSid": unwritten["CallSid"],
                    "RecordingSid": kept.sid,
                    "RecordingUrl": phone.exchange.recording_url(kept),
                    "RecordingStatus": "completed",
                    "RecordingDuration": "2",
                }
                assert (await stack.post(RECORDING, told))[0] == 200
                call = await stack.database.get(other)
                assert call is not None
                assert (call["caller"], call["started_at"]) == (unwritten["From"], began)
                assert call["voicemail"]["recording_sid"] == told["RecordingSid"]
