"""Every query of the code has its index, and every index has a query.

A deployment's indexes are one file. The laptop's Firestore refuses what it does not cover, in every test that
runs a part of the product; here all queries of the repositories run once, and the file holds nothing more.
"""

import ast
import importlib
import pkgutil
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain, combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from google.api_core.exceptions import FailedPrecondition
from google.cloud.firestore import AsyncClient, AsyncQuery
from google.cloud.firestore_v1.base_query import FieldFilter

from local.firestore import DEPLOYED, FirestoreServer
from local.firestore.indexes import CompositeIndex, FieldOverride, Indexes
from local.firestore.recorder import QueryShape
from operations.checks.documents import check_documents
from operations.operator import Operator
from shared import models
from shared.errors import NotFoundError
from shared.gateways.firestore import Database, Remove
from shared.models.base import Document
from shared.models.call import CallState, Outcome
from shared.repositories import agents, configured_agents
from shared.repositories.agent_tools import AgentToolRepository
from shared.repositories.api_keys import ApiKeyRepository
from shared.repositories.audit import AuditRepository
from shared.repositories.call_history import CallFilter, CallHistoryRepository
from shared.repositories.calls import CallRepository
from shared.repositories.phone_numbers import PlatformNumberRepository
from shared.repositories.recordings import RecordingRepository
from shared.repositories.release_calls import ReleaseCallRepository
from shared.repositories.teams import TeamRepository
from shared.repositories.tenant_purge import TenantPurgeRepository
from shared.repositories.tenants import TenantRepository
from shared.repositories.unsettled_calls import UnsettledCallRepository

pytestmark = pytest.mark.contract

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
REPOSITORIES = Path(agents.__file__).parent
QUERIES = ("query", "page", "group", "count", "totals")

TTL = {
    "ApiKey": "api_keys",
    "Call": "calls",
    "CallEvent": "events",
    "Invitation": "invitations",
    "OAuthState": "oauth_states",
    "SessionSnapshot": "sessions",
    "UsedRequestKey": "request_keys",
    "WorkerHeartbeat": "workers",
}
"""Documents that expire, and the collections that they are in."""


class WatchedDatabase(Database):
    """Notes from which line of the repositories each query comes."""

    def __init__(self, client: AsyncClient) -> None:
        super().__init__(client)
        self.asked: set[tuple[str, int]] = set()

    def __getattribute__(self, name: str) -> Any:
        if name in QUERIES:
            caller = sys._getframe(1)
            self.asked.add((Path(caller.f_code.co_filename).name, caller.f_lineno))
        return super().__getattribute__(name)


@pytest.fixture
async def server() -> AsyncGenerator[FirestoreServer]:
    async with FirestoreServer(indexes=DEPLOYED) as server:
        yield server


@pytest.fixture
def client(server: FirestoreServer, monkeypatch: pytest.MonkeyPatch) -> AsyncClient:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", server.address)
    return AsyncClient(project="contract")


async def run_all_queries(database: Database) -> None:
    """Every query that the repositories have, with every combination of what it may be filtered by."""
    history = CallHistoryRepository(database)
    choices: dict[str, Any] = {
        "agent_id": "a",
        "state": CallState.ENDED,
        "outcome": Outcome.STOPPED,
        "caller": "+14155550100",
        "since": NOW,
        "until": NOW,
    }
    for chosen in chain.from_iterable(combinations(choices, size) for size in range(len(choices) + 1)):
        await history.page("t", CallFilter(**{name: choices[name] for name in chosen}), 10, None)
    await history.events_since("t", "s", None, 10)
    await history.events_since("t", "s", NOW, 10)
    await history.totals("t", NOW, NOW)
    await history.sum("t", "usage.agent_seconds", NOW, NOW)
    await history.delete("t", "s", Remove("tenants/t/audit/a"))
    await CallRepository(database).read_events("t", "s")
    await CallRepository(database).count_active("t", NOW)
    await CallRepository(database).active("t", NOW)
    await RecordingRepository(database).overdue("t", NOW, 10)
    await PlatformNumberRepository(database).all()
    await UnsettledCallRepository(database).without_outcome(NOW)
    await UnsettledCallRepository(database).at_voicemail(NOW)
    await ReleaseCallRepository(database).since("trunkline-blue", NOW)
    for subject in (None, "agents/a"):
        await AuditRepository(database).page("t", 10, None, subject=subject)
    await ApiKeyRepository(database).page("t", 10, None)
    await agents.AgentRepository(database).enabled_tools("t", "a")
    configured = configured_agents.ConfiguredAgentRepository(database)
    await configured.page("t", 10, None)
    await configured.tools("t", "a")
    await configured.numbers("t", "a")
    await configured.forwarding_to("t", "+14155550100")
    team = TeamRepository(database)
    await team.tenants_of("u")
    await team.members("t", 10, None)
    await team.invitations("t", 10, None)
    await team.has_owner("t", NOW)
    with suppress(NotFoundError):  # behind the query
        await team.change_member("t", "u", lambda member: (member, []))
    tools = AgentToolRepository(database)
    await tools.list_agents("t")
    await tools.list_tools("t", "a")
    await TenantRepository(database).list_ids()
    purge = TenantPurgeRepository(database)
    await purge.numbers("t")
    await purge.consents("t")
    await purge.leases("t", NOW)


def query_sites() -> set[tuple[str, int]]:
    """(file, line) of each query in the repositories."""
    return {
        (file.name, node.lineno)
        for file in REPOSITORIES.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr in QUERIES
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "_database"
    }


def unused_indexes(server: FirestoreServer) -> list[str]:
    """Of those deployed: what none of the queries needed that the server was asked."""
    deployed = Indexes.from_file()
    served = [deployed.serving(shape) for shape in server.recorder.shapes]
    used = set().union(*(one for one in served if one is not None))
    unused = [str(index) for index in deployed.composites if index not in used]
    return unused + [f"{o.collection}.{o.path}" for o in deployed.overrides if not o.ttl and o not in used]


async def test_every_query_has_its_index_and_every_index_a_query(
    server: FirestoreServer, client: AsyncClient
) -> None:
    database = WatchedDatabase(client)
    await run_all_queries(database)  # the server refuses what has no index
    assert database.asked == query_sites(), "a query of the repositories is not run here"
    assert unused_indexes(server) == []


async def test_the_doctor_tells_of_every_index_whether_it_is_there(
    server: FirestoreServer, client: AsyncClient
) -> None:
    """That of the calls without an outcome could be missing, and all was well to it."""
    operator = cast("Operator", SimpleNamespace(database=Database(client)))
    assert [finding.status for finding in await check_documents(operator)] == ["ok", "ok"]
    assert unused_indexes(server) == []


async def test_a_query_without_an_index_is_refused_as_firestore_does(client: AsyncClient) -> None:
    calls = client.collection("tenants/t/calls")
    wanted = calls.where(filter=FieldFilter("called", "==", "+14155550100"))
    assert await wanted.get() == []
    with pytest.raises(FailedPrecondition, match="requires an index"):
        await wanted.order_by("started_at", direction=AsyncQuery.DESCENDING).get()
    with pytest.raises(FailedPrecondition, match="requires an index"):
        await wanted.sum("usage.agent_seconds").get()


def shape(filters: str = "", orders: str = "", total: str = "", scope: str = "COLLECTION") -> QueryShape:
    """`shape("a =, b >", "c -")`: a equals, b is greater, ordered by c, descending."""

    def pairs(text: str, names: dict[str, str]) -> list[list[str]]:
        return [[path, names[sign]] for path, sign in (part.split() for part in text.split(", ") if part)]

    operators = {"=": "EQUAL", ">": "GREATER_THAN", "in": "IN", "has": "ARRAY_CONTAINS"}
    return QueryShape(
        collection="things",
        scope=scope,
        filters=pairs(filters, operators),
        orders=pairs(orders, {"+": "ASCENDING", "-": "DESCENDING"}),
        aggregations=[["sum", total]] if total else [],
    )


def indexes(*composites: str, overrides: tuple[FieldOverride, ...] = ()) -> Indexes:
    """`indexes("a, b -")`: a, then b descending."""

    def fields(text: str) -> Iterator[dict[str, str]]:
        for part in text.split(", "):
            path, _, sign = part.partition(" ")
            yield {"fieldPath": path, "order": "DESCENDING" if sign == "-" else "ASCENDING"}

    return Indexes(
        [
            CompositeIndex.model_validate(
                {"collectionGroup": "things", "queryScope": "COLLECTION", "fields": list(fields(text))}
            )
            for text in composites
        ],
        overrides,
    )


@pytest.mark.parametrize(
    ("asked", "there", "answered"),
    [
        pytest.param(shape(), (), True, id="no condition needs no index"),
        pytest.param(shape("a =, b ="), (), True, id="indexes of single fields are merged for equalities"),
        pytest.param(shape("a >"), (), True, id="a range of one field"),
        pytest.param(
            shape("", "a -, __name__ -"), (), True, id="an order by one field, names in its direction"
        ),
        pytest.param(shape("", "a -, __name__ +"), (), False, id="names in the other direction"),
        pytest.param(shape("a =, b >"), (), False, id="an equality and a range"),
        pytest.param(shape("a =, b >"), ("a, b",), True, id="… have a composite index"),
        pytest.param(shape("a =", "b -"), ("a, b",), False, id="the order is the other way round"),
        pytest.param(shape("a =", "b -"), ("a, b -",), True, id="the order is the same"),
        pytest.param(shape("a =, c =", "b -"), ("a, b -",), False, id="one equality is not in it"),
        pytest.param(shape("a =, c =", "b -"), ("a, b -", "c, b -"), True, id="two are merged"),
        pytest.param(shape("a =, c =", "b -"), ("c, a, b -",), True, id="equalities come in any order"),
        pytest.param(shape("a =", "b -"), ("c, a, b -",), False, id="it has more than is asked for"),
        pytest.param(shape("a in", "b -"), ("a, b -",), True, id="one of several is an equality"),
        pytest.param(shape("a has"), (), True, id="what an array holds has an index, too"),
        pytest.param(shape("a >", "", "n"), (), False, id="a sum over a range of another field"),
        pytest.param(shape("a >", "", "n"), ("a, n",), True, id="… needs both in one index"),
        pytest.param(shape("", "", "n"), (), True, id="a sum over everything"),
        pytest.param(
            shape("a =", scope="COLLECTION_GROUP"), (), False, id="groups have no indexes by themselves"
        ),
    ],
)
def test_which_queries_an_index_answers(asked: QueryShape, there: tuple[str, ...], answered: bool) -> None:
    assert (indexes(*there).serving(asked) is not None) is answered


def test_a_field_can_lose_its_index_and_gain_one_for_groups() -> None:
    def override(*given: dict[str, str]) -> FieldOverride:
        return FieldOverride.model_validate(
            {"collectionGroup": "things", "fieldPath": "a", "indexes": list(given)}
        )

    none = override()
    group = override({"queryScope": "COLLECTION_GROUP", "order": "ASCENDING"})
    assert indexes(overrides=(none,)).serving(shape("a =")) is None
    assert list(indexes(overrides=(group,)).serving(shape("a =", scope="COLLECTION_GROUP")) or []) == [group]


def test_whatever_expires_is_deleted_by_firestore() -> None:
    def kinds(of: type[Document]) -> Iterator[type[Document]]:
        for kind in of.__subclasses__():
            yield kind
            yield from kinds(kind)

    for module in pkgutil.iter_modules(models.__path__, "shared.models."):
        importlib.import_module(module.name)
    expiring = {kind.__name__ for kind in kinds(Document) if "expires_at" in kind.model_fields}
    assert expiring == set(TTL)
    with_ttl = {
        one.collection for one in Indexes.from_file().overrides if one.ttl and one.path == "expires_at"
    }
    assert with_ttl == set(TTL.values())
