"""What tests do behind the pages: as the signed-in owner, over the API."""

from typing import Any

import aiohttp

from tests.browser.visitor import EMAILS, Visitor

PAGE = "/agents/tools/?id={agent}"


async def api_call(
    visitor: Visitor, method: str, path: str, body: Any = None, *, origin: str | None = None
) -> Any:
    """`path` is below the demo's tenant."""
    ports = visitor.cloud.ports
    async with (
        aiohttp.ClientSession(raise_for_status=True) as http,
        http.post(f"{ports.url('identity')}/_local/tokens", json={"email": EMAILS["owner"]}) as answer,
    ):
        token = (await answer.json())["id_token"]
        headers = {"Authorization": f"Bearer {token}"} | ({} if method == "POST" else {"If-Match": "*"})
        url = f"{origin or ports.url('tools_api')}/api/v1/tenants/harbor-dental{path}"
        async with http.request(method, url, json=body, headers=headers) as response:
            return None if response.status == 204 else await response.json()


async def an_agent(visitor: Visitor, name: str) -> str:
    """A new agent's id; it has no tools yet."""
    agent = {"name": name, "instructions": "You answer the phone."}
    return (await api_call(visitor, "POST", "/agents", agent))["id"]


async def buy(visitor: Visitor, number: str) -> None:
    """For the deployment's telephone account; no agent answers it yet."""
    url = f"{visitor.cloud.ports.url('twilio')}/_local/numbers/{number}"
    async with (
        aiohttp.ClientSession(raise_for_status=True) as http,
        http.put(url, json={"friendly_name": "Second line"}),
    ):
        pass
