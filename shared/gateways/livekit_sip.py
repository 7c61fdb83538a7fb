"""LiveKit's SIP service: the trunk that calls come in by, and the rule that leads them to their rooms.

The same API at LiveKit Cloud and at a server of one's own, which has it only with Redis.
https://docs.livekit.io/sip/api/
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
from livekit import api
from livekit.protocol import sip

from shared.errors import UnavailableError
from shared.settings import LiveKitSettings

TIMEOUT_SECONDS = 10.0
"""For one call, failover to another region included. Nobody waits on the phone for it."""


class LiveKitSipGateway:
    """Make one per event loop; `aclose` it. All raise `UnavailableError`."""

    def __init__(self, settings: LiveKitSettings) -> None:
        self._client = api.LiveKitAPI(
            settings.livekit_url,
            settings.livekit_api_key,
            settings.livekit_secret.get_secret_value(),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
        )

    async def list_trunks(self) -> list[sip.SIPInboundTrunkInfo]:
        async with _call("list trunks"):
            answer = await self._client.sip.list_inbound_trunk(sip.ListSIPInboundTrunkRequest())
            return list(answer.items)

    async def create_trunk(self, trunk: sip.SIPInboundTrunkInfo) -> sip.SIPInboundTrunkInfo:
        async with _call("create the trunk"):
            request = sip.CreateSIPInboundTrunkRequest(trunk=trunk)
            return await self._client.sip.create_inbound_trunk(request)

    async def replace_trunk(self, trunk: sip.SIPInboundTrunkInfo) -> None:
        async with _call("change the trunk"):
            await self._client.sip.update_inbound_trunk(trunk.sip_trunk_id, trunk)

    async def list_rules(self) -> list[sip.SIPDispatchRuleInfo]:
        async with _call("list dispatch rules"):
            answer = await self._client.sip.list_dispatch_rule(sip.ListSIPDispatchRuleRequest())
            return list(answer.items)

    async def create_rule(self, rule: sip.SIPDispatchRuleInfo) -> None:
        async with _call("create the dispatch rule"):
            request = sip.CreateSIPDispatchRuleRequest(dispatch_rule=rule)
            await self._client.sip.create_dispatch_rule(request)

    async def replace_rule(self, rule: sip.SIPDispatchRuleInfo) -> None:
        async with _call("change the dispatch rule"):
            await self._client.sip.update_dispatch_rule(rule.sip_dispatch_rule_id, rule)

    async def aclose(self) -> None:
        await self._client.aclose()


@asynccontextmanager
async def _call(what: str) -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            yield
    except api.ServerError as error:
        raise UnavailableError(f"LiveKit SIP: {what}: {error.code}: {error.message}") from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise UnavailableError(f"LiveKit SIP: {what}: {type(error).__name__}: {error}") from error
