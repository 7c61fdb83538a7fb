"""The phone edge as the process that the cloud runs, against the laptop's stand-ins inside this process.

Used by measurements and by tests of the edge over HTTP.
"""

import os
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import aiohttp
from livekit import api
from twilio.request_validator import RequestValidator

from local import environment as env
from local.environment import Environment, Ports
from local.firestore import DEPLOYED, FirestoreServer
from local.google.server import GoogleStandIn, Options
from local.livekit.embedded import Config, EmbeddedServer
from local.tls import ensure_certificates
from local.twilio.server import TwilioStandIn
from shared.gateways.firestore import Database, Fields, Put, firestore_client
from shared.models.agent import Agent, ForwardFallback
from shared.models.tenant import Tenant
from tests.processes import ROOT, FunctionProcess

MAIN = ROOT / "functions" / "incoming_call" / "main.py"
NUMBER = "+14155550100"
TENANT = "harbor"
AGENT = "reception"
PERSON = "+14155550177"
"""Where the agent's fallback leads."""

INCOMING = "/api/v1/voice/twilio/incoming"
RECORDING = f"/api/v1/voice/twilio/recording?tenant={TENANT}"


class EdgeStack:
    """One tenant with one agent and one number; `folder` takes keys, certificates and the log."""

    def __init__(self, folder: Path, *, announces_rooms: bool = True) -> None:
        """`announces_rooms`: LiveKit calls the function's webhook, and the watchdog looks for agents."""
        self._folder = folder
        self._announces_rooms = announces_rooms
        self._exit = AsyncExitStack()
        self.ports = Ports.choose()
        self.log = folder / "incoming_call.log"

    async def __aenter__(self) -> Self:
        """The stand-ins run from here on; the function is started by `start_function`."""
        certificates = ensure_certificates(self._folder / "tls")
        self.environment = Environment(self.ports, self._folder, certificates)
        self.firestore = FirestoreServer(self.ports.firestore, indexes=DEPLOYED)
        await self._exit.enter_async_context(self.firestore)
        google = Options(
            state=self._folder / "google",
            tls_cert=certificates.cert,
            tls_key=certificates.key,
            project=env.PROJECT,
            port=self.ports.google,
            grpc_port=self.ports.google_grpc,
            queues=[env.QUEUE],
        )
        self.google = await self._exit.enter_async_context(GoogleStandIn(google))
        livekit = Config(
            env.LIVEKIT_KEY,
            env.LIVEKIT_SECRET,
            port=self.ports.livekit,
            webhook_urls=(f"{self.url}/api/v1/voice/livekit/webhook",) if self._announces_rooms else (),
        )
        self.livekit = await self._exit.enter_async_context(EmbeddedServer(livekit))
        os.environ["FIRESTORE_EMULATOR_HOST"] = f"127.0.0.1:{self.ports.firestore}"
        self.database = Database(firestore_client(env.PROJECT))
        self.http = await self._exit.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True))
        )
        await self.seed()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()

    @property
    def url(self) -> str:
        return self.ports.url("incoming_call")

    @property
    def variables(self) -> dict[str, str]:
        """The function's environment, as the laptop cloud sets it."""
        return self.environment.incoming_call()

    async def seed(self, *, max_concurrent_calls: int = 1000, **agent: Any) -> None:
        """Write the tenant anew; keyword arguments change the agent."""
        settings: dict[str, Any] = {
            "name": "Reception",
            "instructions": "Be helpful.",
            "fallback": ForwardFallback(number=PERSON),
        }
        tenant = Tenant(name="Harbor Dental", max_concurrent_calls=max_concurrent_calls)
        base = f"tenants/{TENANT}/agents/{AGENT}"
        documents: dict[str, Fields] = {
            f"phone_numbers/{NUMBER}": {"tenant_id": TENANT, "agent_id": AGENT, "provider": "twilio"},
            f"tenants/{TENANT}": tenant.to_firestore(),
            base: Agent(**settings | agent).to_firestore(),
            f"{base}/agent_tools/end_call": {"slug": "end_call", "enabled": True},
        }
        await self.database.commit([Put(path, fields) for path, fields in documents.items()])

    async def start_function(self, **variables: str) -> FunctionProcess:
        """Accepting when this returns, stopped with the stack."""
        process = FunctionProcess(
            self.ports.incoming_call, MAIN, "incoming_call", self.variables | variables, self.log
        )
        self._exit.push_async_callback(process.stop)
        await process.start()
        await process.accepting()
        return process

    def signed(self, path: str, params: dict[str, str]) -> dict[str, str]:
        """The header that Twilio sends with `params` to `path` (with its query)."""
        validator = RequestValidator(env.TWILIO_AUTH_TOKEN)
        return {"X-Twilio-Signature": validator.compute_signature(self.url + path, params)}

    def task_token(self, **changed: object) -> str:
        """What Cloud Tasks sends with a task for the function, signed by the Google stand-in."""
        now = int(time.time())
        email = self.variables["TASKS_SERVICE_ACCOUNT"]
        claims = {"iss": "https://accounts.google.com", "aud": self.url, "iat": now, "exp": now + 3600}
        return self.google.identity.sign(
            claims | {"sub": "1", "email": email, "email_verified": True} | changed
        )

    async def rooms(self) -> set[str]:
        """The names of the rooms that LiveKit has."""
        url = self.ports.url("livekit")
        async with api.LiveKitAPI(url, env.LIVEKIT_KEY, env.LIVEKIT_SECRET) as client:
            return {room.name for room in (await client.room.list_rooms(api.ListRoomsRequest())).rooms}

    async def post_task(self, path: str, *, signed: bool = True) -> tuple[int, str]:
        """As Cloud Scheduler posts it; (status, body)."""
        headers = {"Authorization": f"Bearer {self.task_token()}"} if signed else {}
        async with self.http.post(self.url + path, headers=headers) as response:
            return response.status, await response.text()

    def twilio(self, folder: Path) -> TwilioStandIn:
        """Where the function asks Twilio; to be started."""
        return TwilioStandIn(
            folder,
            port=self.ports.twilio,
            account_sid=env.TWILIO_ACCOUNT_SID,
            auth_token=env.TWILIO_AUTH_TOKEN,
        )

    async def post(self, path: str, params: dict[str, str]) -> tuple[int, str]:
        """As Twilio posts it; (status, body)."""
        headers = self.signed(path, params)
        async with self.http.post(self.url + path, data=params, headers=headers) as response:
            return response.status, await response.text()


def call_params(number: int, **changed: str) -> dict[str, str]:
    """What Twilio says of call `number`."""
    return {
        "AccountSid": env.TWILIO_ACCOUNT_SID,
        "CallSid": f"CA{number:032x}",
        "From": f"+1415555{1000 + number % 9000:04}",
        "To": NUMBER,
        "CallStatus": "ringing",
        "Direction": "inbound",
        "ApiVersion": "2010-04-01",
    } | changed
