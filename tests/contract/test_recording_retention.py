"""A recording at Twilio goes when its call expires, also when Firestore has removed the call before."""

from datetime import timedelta
from pathlib import Path

import pytest

from local.speech.pcm import tone
from shared.gateways.firestore import Put, Remove
from shared.models.base import utc_now
from tests.calls.laptop import restored_environment
from tests.edge_stack import INCOMING, RECORDING, TENANT, EdgeStack, call_params

pytestmark = pytest.mark.contract

SWEEP = "/api/v1/tasks/delete-overdue-recordings"


async def test_a_recording_goes_when_its_call_expires(tmp_path: Path) -> None:
    with restored_environment():
        async with EdgeStack(tmp_path / "cloud", announces_rooms=False) as stack:
            await stack.start_function()
            async with stack.twilio(tmp_path / "twilio") as phone:
                params = call_params(1)
                await stack.post(INCOMING, params)
                kept = phone.exchange.keep_recording(
                    params["CallSid"], "RecordVerb", utc_now(), tone(2, 8000).samples
                )
                told = {
                    "AccountSid": params["AccountSid"],
                    "CallSid": params["CallSid"],
                    "RecordingSid": kept.sid,
                    "RecordingUrl": phone.exchange.recording_url(kept),
                    "RecordingStatus": "completed",
                    "RecordingDuration": "2",
                }
                for _ in range(2):  # Twilio tells it twice
                    assert (await stack.post(RECORDING, told))[0] == 200
                path = f"tenants/{TENANT}/calls/{params['CallSid'].lower()}"
                note = f"tenants/{TENANT}/recordings/{kept.sid}"
                call, noted = await stack.database.get_all(path, note)
                assert call is not None
                assert noted is not None
                assert noted["delete_after"] == call["expires_at"]

                assert (await stack.post_task(SWEEP, signed=False))[0] == 401
                assert await stack.post_task(SWEEP) == (200, '{"deleted":0}')
                assert kept.sid in phone.exchange.store.recordings

                past = utc_now() - timedelta(seconds=1)
                await stack.database.commit([Put(note, {**noted, "delete_after": past}), Remove(path)])

            # Twilio is out of reach: it is kept in mind, and Cloud Scheduler tries again.
            assert (await stack.post_task(SWEEP))[0] == 503
            assert await stack.database.get(note) is not None
            async with stack.twilio(tmp_path / "twilio") as phone:
                assert kept.sid in phone.exchange.store.recordings
                assert await stack.post_task(SWEEP) == (200, '{"deleted":1}')
                assert kept.sid not in phone.exchange.store.recordings
                assert not phone.exchange.store.recording_file(kept.sid).exists()
                assert await stack.database.get(note) is None
                assert await stack.post_task(SWEEP) == (200, '{"deleted":0}')
