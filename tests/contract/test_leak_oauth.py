"""Whatever happens to a connection, no secret of it turns up where people, programs or models read.

Connect, use, fail, renew, rotate, disconnect and reconcile, with every secret known; then all documents, all
log lines at DEBUG and all answers are searched for them.
"""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from local.google.faults import Fault
from shared.errors import TrunklineError
from shared.gateways.firestore import firestore_client
from shared.models.agent_tool import ToolAddress
from shared.services.connection_credentials import ConnectionCredentials
from shared.services.connections import ConnectionRef, ConnectionService
from shared.services.stored_grant import StoredGrant
from tests.connect_stack import (
    ACCOUNT,
    AGENT,
    CALENDAR,
    CLIENT_SECRET,
    CRM,
    EDITOR,
    TENANT,
    Browser,
    Stack,
    running_stack,
)
from tests.leaks import LogKeeper, all_logs, firestore_contents, leaks
from tests.rotating_provider import CLIENT_SECRET as CRM_CLIENT_SECRET

pytestmark = pytest.mark.contract

API_KEY = "canary-api-key-of-a-form"


class Witness:
    """Knows all secrets of a run, and all that was answered."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.answers: list[str] = []
        self.codes: list[str] = []
        self.google_tokens: list[str] = []
        self.crm_tokens: list[str] = []
        self.verifiers: set[str] = set()
        self.id_tokens: list[str] = [stack.identity.token(EDITOR)]
        oauth: Any = stack.google._oauth
        self._keep(oauth, "issue_code", self.codes)
        self._keep(oauth, "issue_refresh_token", self.google_tokens)
        self._keep(oauth, "issue_access_token", self.google_tokens)

    def _keep(self, store: Any, name: str, into: list[str]) -> None:
        issue = getattr(store, name)

        def issued(*args: Any, **kwargs: Any) -> Any:
            result = issue(*args, **kwargs)
            into.append(result if isinstance(result, str) else result[0])
            return result

        setattr(store, name, issued)

    def secrets(self) -> dict[str, list[str]]:
        crm: Any = self.stack.crm
        return {
            "client secret": [CLIENT_SECRET, CRM_CLIENT_SECRET],
            "authorization code": self.codes,
            "token of Google": list(self.google_tokens),
            "token of the CRM": [*crm.tokens, *crm._used, *crm._access],
            "PKCE verifier": sorted(self.verifiers),
            "ID token": self.id_tokens,
            "secret config field": [API_KEY],
        }

    async def browse(self, browser: Browser, provider: str, **body: Any) -> None:
        back = await browser.agree(await browser.start(provider=provider, token=self.id_tokens[0], **body))
        self.verifiers |= {cookie.value for cookie in browser.http.cookie_jar}
        async with browser.http.get(back) as answer:
            headers = [f"{name}: {value}" for name, value in answer.headers.items() if name != "Set-Cookie"]
            self.answers += [await answer.text(), *headers]

    async def ask(self, browser: Browser, verb: str, action: str, provider: str) -> None:
        answer = await browser.api(verb, action, provider=provider, token=self.id_tokens[0])
        self.answers.append(str(answer))


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncGenerator[Stack]:
    async with running_stack(tmp_path) as started:
        yield started


async def use(stack: Stack, slug: str, *, fails: bool = False) -> None:
    """As a worker does, in a process that has cached nothing."""
    tool = await stack.tool(slug)
    assert tool is not None
    ref = ConnectionRef.of(ToolAddress(TENANT, AGENT, slug), tool)
    assert ref is not None
    renewal = stack.desk.reconciler._renewal
    credentials = ConnectionCredentials(ConnectionService(stack.database), renewal)
    if fails:
        with pytest.raises(TrunklineError):
            await credentials.access_token(ref)
    else:
        await credentials.access_token(ref)


async def live_through_everything(stack: Stack, witness: Witness) -> None:
    faults = stack.google.faults
    await stack.desk.auth._store.put(
        ToolAddress(TENANT, AGENT, "send_email"), "secret_access_key", SecretStr(API_KEY)
    )
    async with stack.browser() as browser:
        for provider, slug in (("google", CALENDAR), ("crm", CRM)):
            await witness.browse(browser, provider)
            await use(stack, slug)
            await witness.ask(browser, "GET", "status", provider)
        await stack.consent(scopes=["https://www.googleapis.com/auth/calendar.freebusy"])
        await witness.browse(browser, "google")
        await stack.consent()
        faults.plan(Fault(path="/token", status=500))
        await witness.browse(browser, "google")
        await witness.browse(browser, "google", account="boss@harbor.example")
        faults.plan(Fault(path="/token", count=2, status=503))
        await use(stack, CALENDAR, fails=True)
        faults.plan(Fault(path="/google.cloud.secretmanager.v1", count=1, status=403))
        await use(stack, CALENDAR, fails=True)
        stack.crm.tokens.clear()
        await use(stack, CRM, fails=True)
        await witness.ask(browser, "POST", "disconnect", "google")
        await witness.browse(browser, "google")
        await stack.control(
            "DELETE", "refresh-tokens", email=ACCOUNT, client_id=stack.settings.google_oauth_client_id
        )
        await use(stack, CALENDAR, fails=True)
        await witness.ask(browser, "GET", "status", "google")
        await stack.desk.reconciler.run(apply=True)


async def test_no_secret_is_in_a_document_a_log_line_or_an_answer(
    stack: Stack, capfd: pytest.CaptureFixture[str]
) -> None:
    witness = Witness(stack)
    with all_logs() as logs:
        await live_through_everything(stack, witness)
    printed = capfd.readouterr()
    places = {
        "Firestore": await firestore_contents(firestore_client(stack.settings.google_cloud_project)),
        "logs": logs.lines,
        "stdout and stderr": [printed.out, printed.err],
        "answers": witness.answers,
    }

    assert all(places.values()), "there is something to search in each place"
    assert all(witness.secrets().values()), "there is something of each kind to search for"
    assert leaks(witness.secrets(), places) == []


def test_the_search_finds_what_is_there() -> None:
    keeper = LogKeeper()
    assert keeper.lines == []
    assert leaks({"key": ["abc"]}, {"logs": ["x abc y"], "else": ["nothing"]}) == ["key in logs: x abc y"]


async def test_a_stored_grant_shows_nothing_when_printed() -> None:
    grant = StoredGrant(refresh_token=SecretStr("canary"), consent_id="c")

    assert "canary" not in repr(grant)
    assert "canary" not in str(grant.sealed())
    assert "canary" not in grant.model_dump_json()
    assert StoredGrant.opened(grant.sealed()) == grant
