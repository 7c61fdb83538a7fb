"""Firestore answers, and every query that needs an index has it ready.

Of the product's queries one is made for each index, and finds nothing or one document; Firestore refuses it
while the index is missing or being built.
"""

from operations.checks.finding import Finding, failed, ok
from operations.operator import Operator
from shared.errors import UnavailableError
from shared.models.base import utc_now
from shared.models.call import CallState, Outcome
from shared.repositories.audit import AuditRepository
from shared.repositories.call_history import CallFilter, CallHistoryRepository
from shared.repositories.release_calls import ReleaseCallRepository
from shared.repositories.teams import TeamRepository
from shared.repositories.unsettled_calls import UnsettledCallRepository

NOBODY = "trunkline-doctor"
"""A tenant, agent or member that does not exist: an index is needed all the same."""


async def check_documents(operator: Operator) -> list[Finding]:
    try:
        await operator.database.get("platform/releases")
    except UnavailableError as error:
        fix = (
            "sign in again (gcloud auth application-default login), see that your account has "
            "roles/datastore.user, then look at the database in the console"
        )
        return [failed("firestore", str(error), fix)]
    now = utc_now()
    history = CallHistoryRepository(operator.database)
    filters = {
        "calls by agent": CallFilter(agent_id=NOBODY),
        "calls by state": CallFilter(state=CallState.ENDED),
        "calls by outcome": CallFilter(outcome=Outcome.FAILED),
        "calls by caller": CallFilter(caller="+15005550006"),
    }
    queries = {name: history.page(NOBODY, wanted, 1, None) for name, wanted in filters.items()} | {
        "usage": history.sum(NOBODY, "usage.agent_seconds", now, now),
        "audit by subject": AuditRepository(operator.database).page(NOBODY, 1, None, subject=NOBODY),
        "members of all tenants": TeamRepository(operator.database).tenants_of(NOBODY),
        "calls of a release": ReleaseCallRepository(operator.database).since(NOBODY, now),
        "unsettled calls": UnsettledCallRepository(operator.database).at_voicemail(now),
    }
    missing: list[str] = []
    for name, query in queries.items():
        try:
            await query
        except UnavailableError as error:
            missing.append(f"{name} ({error})")
    if missing:
        fix = "make deploy, then wait until: gcloud firestore indexes composite list shows READY for all"
        return [ok("firestore", "answers"), failed("firestore indexes", "; ".join(missing), fix)]
    return [ok("firestore", "answers"), ok("firestore indexes", f"{len(queries)} queries have theirs")]
