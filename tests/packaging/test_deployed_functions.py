"""Each staged folder, installed alone into a fresh environment, answers its real requests."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from local import environment as env
from local.identity.server import Identity
from operations.packaging.functions import Staged, package
from shared.gateways.firestore import Put
from shared.models.member import Member, Role
from shared.repositories.members import MemberRepository
from shared.services.identity import user_id_for
from tests.calls.laptop import restored_environment
from tests.edge_stack import AGENT, INCOMING, TENANT, EdgeStack, call_params
from tests.packaging.deployed import deployed, install

# Installing sixty libraries takes a while on a machine that has none of them yet.
pytestmark = [pytest.mark.infra, pytest.mark.timeout(900)]

EDITOR = "ed@harbor.example"


def installed(name: str, folder: Path) -> tuple[Staged, Path]:
    staged = package(name, folder / "build")
    install(staged, folder / "venv")
    return staged, folder / "venv"


async def test_incoming_call_answers_a_signed_call_with_twiml(tmp_path: Path) -> None:
    staged, environment = installed("incoming_call", tmp_path)
    with restored_environment():
        async with EdgeStack(tmp_path / "cloud", announces_rooms=False) as stack:
            log = tmp_path / "function.log"
            port = stack.ports.incoming_call
            async with deployed(staged, environment, port, stack.variables, log):
                status, twiml = await stack.post(INCOMING, call_params(1))
                assert (status, "<Sip" in twiml) == (200, True), log.read_text()
                rooms = await stack.rooms()
                assert len(rooms) == 1
                assert next(iter(rooms)) in twiml
                # What is imported later is in the archive, too.
                url = f"{stack.url}/api/v1/tasks/ensure-agent"
                async with stack.http.post(url, json={}) as answer:
                    assert answer.status == 401, log.read_text()
                token = {"Authorization": f"Bearer {stack.task_token()}"}
                async with stack.http.post(url, json={}, headers=token) as answer:
                    assert answer.status == 400, log.read_text()


async def test_oauth_starts_a_consent_for_a_member(tmp_path: Path) -> None:
    staged, environment = installed("oauth", tmp_path)
    with restored_environment():
        async with (
            EdgeStack(tmp_path / "cloud", announces_rooms=False) as stack,
            Identity(tmp_path / "identity", stack.ports.identity) as identity,
        ):
            token = await editor(stack, identity)
            log = tmp_path / "function.log"
            async with deployed(staged, environment, stack.ports.oauth, stack.environment.oauth(), log):
                answer = await stack.http.post(
                    f"{stack.ports.url('oauth')}/api/v1/oauth/google/start",
                    json={"tenant_id": TENANT, "agent_id": AGENT, "tool": "google_calendar"},
                    headers=token,
                )
                assert answer.status == 200, log.read_text()
                consent = urlsplit((await answer.json())["authorization_url"])
    asked = parse_qs(consent.query)
    assert asked["client_id"] == [env.OAUTH_CLIENT_ID]
    assert asked["code_challenge_method"] == ["S256"]


async def test_tools_api_gives_a_member_the_catalogue(tmp_path: Path) -> None:
    staged, environment = installed("tools_api", tmp_path)
    with restored_environment():
        async with (
            EdgeStack(tmp_path / "cloud", announces_rooms=False) as stack,
            Identity(tmp_path / "identity", stack.ports.identity) as identity,
        ):
            token = await editor(stack, identity)
            log = tmp_path / "function.log"
            variables = stack.environment.tools_api()
            async with deployed(staged, environment, stack.ports.tools_api, variables, log):
                base = f"{stack.ports.url('tools_api')}/api/v1"
                async with stack.http.get(f"{base}/tools") as answer:
                    assert answer.status == 401, log.read_text()
                async with stack.http.get(f"{base}/tools", headers=token) as answer:
                    assert answer.status == 200, log.read_text()
                    slugs = {tool["slug"] for tool in (await answer.json())["items"]}
                async with stack.http.get(f"{base}/tenants/{TENANT}/agents", headers=token) as answer:
                    assert answer.status == 200, log.read_text()
                    agents = [agent["id"] for agent in (await answer.json())["items"]]
    assert {"end_call", "google_calendar", "send_email"} <= slugs
    assert agents == [AGENT]


async def editor(stack: EdgeStack, identity: Identity) -> dict[str, str]:
    """A header that signs an editor of the tenant in; the agent has the calendar tool."""
    user = identity.users.put(EDITOR)
    member = Member(role=Role.EDITOR, email=EDITOR)
    await MemberRepository(stack.database).put(TENANT, user_id_for(identity.url, user.subject), member)
    tool = {"slug": "google_calendar", "enabled": True}
    path = f"tenants/{TENANT}/agents/{AGENT}/agent_tools/google_calendar"
    await stack.database.commit([Put(path, tool)])
    return {"Authorization": f"Bearer {identity.token(EDITOR, audience=env.PROJECT)}"}
