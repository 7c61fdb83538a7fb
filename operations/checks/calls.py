"""A synthetic call to every release that takes calls must hear the agent speak."""

from operations.callable_agent import find_agent
from operations.checks.finding import Finding, failed, ok, skipped
from operations.operator import Operator
from operations.synthetic_call import Heard, synthetic_call
from operations.telephony import LIVEKIT_WEBHOOK
from shared.errors import ConfigurationError, TrunklineError
from shared.services.release_service import ReleaseService


async def check_calls(operator: Operator) -> list[Finding]:
    try:
        tenant_id, agent_id = await find_agent(operator)
    except ConfigurationError as error:
        return [skipped("worker and synthetic call", str(error))]
    releases = await ReleaseService(operator.database, operator.default_release).current()
    findings: list[Finding] = []
    for release in [each.agent_name for each in releases.releases if each.share > 0]:
        try:
            heard = await synthetic_call(operator, tenant_id, agent_id, release)
        except TrunklineError as error:
            fix = f"look at LiveKit, and at agent {agent_id} of {tenant_id}"
            findings.append(failed(f"synthetic call {release}", str(error), fix))
        else:
            findings += _findings(operator, heard)
    return findings


def _findings(operator: Operator, heard: Heard) -> list[Finding]:
    worker, call = f"worker {heard.release}", f"synthetic call {heard.release}"
    pool = next(
        (pool.name for pool in operator.deployment.worker_pools.values() if pool.agent_name == heard.release),
        heard.release,
    )
    if heard.agent_joined_ms is None:
        fix = f"start its workers, or look why they do not register: {_log_of(pool)}"
        return [failed(worker, f"none is registered as {heard.release}, or all are full", fix)]
    findings = [ok(worker, f"took a call after {heard.agent_joined_ms} ms")]
    if heard.first_word_ms is None:
        fix = f"look for the model's errors (key, quota, region): {_log_of(pool)}"
        findings.append(failed(call, f"the agent is silent (loudness {heard.loudness})", fix))
    else:
        findings.append(
            ok(call, f"spoke after {heard.first_word_ms} ms, loudness {heard.loudness} of full scale")
        )
    if heard.webhook_arrived:
        findings.append(ok("livekit webhook", "reaches the phone edge"))
    else:
        url = operator.deployment.urls.incoming_call + LIVEKIT_WEBHOOK
        fix = f"set it in LiveKit (trunkline telephony sync prints how): {url}"
        findings.append(failed("livekit webhook", "does not reach the phone edge", fix))
    return findings


def _log_of(pool: str) -> str:
    """`gcloud run` reads a worker pool's log in its alpha only."""
    lines = f'resource.type="cloud_run_worker_pool" resource.labels.worker_pool_name="{pool}"'
    return f"gcloud logging read '{lines}' --freshness=1h"
