"""Everything that the deployed functions answer about some tenants, as text: for a search of secrets."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

import aiohttp
from twilio.request_validator import RequestValidator

from local import environment as env
from local.identity.seeding import seed_members
from tests.calls.laptop import Laptop, TestTenant

TWILIO_PATHS = ("incoming", "fallback", "dial-result", "forward-result", "recording", "status")


class Answers:
    """What an owner reads and does through the API and `oauth`, and what Twilio is told."""

    def __init__(self, laptop: Laptop, http: aiohttp.ClientSession) -> None:
        self._ports = laptop.cloud.ports
        self._database = laptop.cloud.database
        self._http = http
        self.texts: dict[str, list[str]] = {"tools_api": [], "oauth": [], "incoming_call": []}

    async def owner_of(self, tenant: TestTenant) -> str:
        """An ID token."""
        members = tenant.seed.tenants[tenant.tenant_id].members
        await seed_members(self._database, self._ports.url("identity"), {tenant.tenant_id: members})
        owner = next(email for email, role in members.items() if role == "owner")
        url = f"{self._ports.url('identity')}/_local/tokens"
        async with self._http.post(url, json={"email": owner}, raise_for_status=True) as answer:
            return (await answer.json())["id_token"]

    async def ask(self, part: str, method: str, path: str, token: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {token}", "If-Match": "*"}
        url = self._ports.url(part) + path
        async with self._http.request(method, url, json=body, headers=headers) as answer:
            self._keep(part, answer, await answer.text(errors="replace"))  # sound is no text
            if answer.status == 429:  # all of this is one owner's asking
                await asyncio.sleep(float(answer.headers["Retry-After"]))
                return await self.ask(part, method, path, token, body)
            is_json = answer.status == 200 and "json" in answer.content_type
            return await answer.json() if is_json else answer.status

    def _keep(self, part: str, answer: aiohttp.ClientResponse, text: str) -> None:
        # A cookie goes to the one browser that it is for.
        told = [f"{name}: {value}" for name, value in answer.headers.items() if name != "Set-Cookie"]
        self.texts[part] += [text, *told]

    async def read_all(self, tenant: TestTenant, token: str) -> None:
        """Every route of the API that reads, with ids that exist."""
        root = f"/api/v1/tenants/{tenant.tenant_id}"
        calls = (await self.ask("tools_api", "GET", f"{root}/calls", token))["items"]
        members = (await self.ask("tools_api", "GET", f"{root}/members", token))["items"]
        tools = (await self.ask("tools_api", "GET", f"{root}/agents/{tenant.agent_id}/tools", token))["items"]
        document = await self.ask("tools_api", "GET", "/api/v1/openapi.json", token)
        ids = {"tenant_id": tenant.tenant_id, "agent_id": tenant.agent_id, "number": tenant.number}
        ids |= {"call_id": calls[0]["id"], "user_id": members[0]["id"], "voice": "Kore"}
        today = datetime.now(UTC).date().isoformat()
        for path, methods in cast("dict[str, Any]", document["paths"]).items():
            for slug in [tool["slug"] for tool in tools] if "{slug}" in path else [""]:
                if "get" in methods:
                    query = f"?first={today}&last={today}"
                    await self.ask("tools_api", "GET", path.format(**ids, slug=slug) + query, token)

    async def set_secret(self, tenant: TestTenant, token: str, slug: str, config: dict[str, Any]) -> None:
        path = f"/api/v1/tenants/{tenant.tenant_id}/agents/{tenant.agent_id}/tools/{slug}"
        await self.ask("tools_api", "PATCH", path, token, {"enabled": True, "config": config})
        wrong = config | {"region": 5}
        assert await self.ask("tools_api", "PATCH", path, token, {"config": wrong}) == 422

    async def connections(self, tenant: TestTenant, token: str) -> None:
        """Begun, looked at and ended."""
        root, asked = "/api/v1/oauth/google", {"tenant_id": tenant.tenant_id, "agent_id": tenant.agent_id}
        asked["tool"] = "google_calendar"
        await self.ask("oauth", "POST", f"{root}/start", token, asked)
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        await self.ask("oauth", "GET", f"{root}/status?{query}", token)
        await self.ask("oauth", "GET", f"{root}/callback?state=x&code=y", token)
        await self.ask("oauth", "POST", f"{root}/disconnect", token, asked)
        await self.ask("oauth", "POST", "/api/v1/tasks/reconcile-secrets", token, {})

    async def twilio(self, tenant: TestTenant) -> None:
        """As Twilio asks, of a call that nobody knows."""
        sign = RequestValidator(env.TWILIO_AUTH_TOKEN).compute_signature
        form = {"CallSid": f"CA{0:032x}", "From": "+14155550123", "To": tenant.number}
        form |= {"CallStatus": "in-progress", "DialCallStatus": "failed"}
        for path in TWILIO_PATHS:
            url = f"{self._ports.url('incoming_call')}/api/v1/voice/twilio/{path}?tenant={tenant.tenant_id}"
            more = {"RecordingSid": "RE1", "RecordingUrl": "http://x", "RecordingDuration": "1"}
            fields = form | (more if path == "recording" else {})
            signature = {"X-Twilio-Signature": sign(url, fields)}
            async with self._http.post(url, data=fields, headers=signature) as answer:
                assert answer.status in (200, 204), await answer.text()
                self._keep("incoming_call", answer, await answer.text())
        for path in ("/api/v1/voice/twilio/incoming", "/api/v1/tasks/ensure-agent"):
            async with self._http.post(self._ports.url("incoming_call") + path, data=form) as answer:
                assert answer.status in (401, 403)
                self._keep("incoming_call", answer, await answer.text())
