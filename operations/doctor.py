"""trunkline doctor: looks at a deployment from outside in, down to an agent that speaks."""

import asyncio
from typing import Annotated

import typer

from operations.checks.access import check_access
from operations.checks.calls import check_calls
from operations.checks.documents import check_documents
from operations.checks.finding import Check, Finding, failed
from operations.checks.functions import check_functions
from operations.checks.network import check_network
from operations.checks.telephony import (
    check_fallback_number,
    check_livekit_sip,
    check_numbers,
    check_room_creation,
)
from operations.cli import DeploymentOption, JsonOption, run
from operations.operator import Operator
from operations.report import FINDINGS, OK, Report
from shared.errors import TrunklineError

FROM_OUTSIDE: tuple[Check, ...] = (
    check_network,
    check_functions,
    check_access,
    check_documents,
    check_livekit_sip,
    check_room_creation,
    check_numbers,
    check_fallback_number,
)


class DoctorReport(Report):
    findings: list[Finding]

    @property
    def exit_code(self) -> int:
        return FINDINGS if self._bad else OK

    @property
    def _bad(self) -> int:
        return sum(finding.status == "failed" for finding in self.findings)

    def lines(self) -> list[str]:
        lines = [line for finding in self.findings for line in finding.lines()]
        verdict = "Everything is well." if not self._bad else f"{self._bad} things are wrong."
        return [*lines, "", verdict]


def doctor(
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
    call: Annotated[bool, typer.Option(help="A synthetic call to every release that takes calls.")] = True,
) -> None:
    """Look at a deployment from outside in, down to an agent that speaks; each finding with its fix."""
    run(lambda operator: examine(operator, call=call), deployment, as_json)


async def examine(operator: Operator, *, call: bool) -> DoctorReport:
    found = await asyncio.gather(*(_carried_out(check, operator) for check in FROM_OUTSIDE))
    findings = [finding for each in found for finding in each]
    if call:
        findings += await _carried_out(check_calls, operator)
    return DoctorReport(findings=findings)


async def _carried_out(check: Check, operator: Operator) -> list[Finding]:
    """A check that cannot be made is a finding; the others go on."""
    try:
        return await check(operator)
    except TrunklineError as error:
        name = check.__name__.removeprefix("check_").replace("_", " ")
        return [failed(name, f"cannot be looked at: {error}", "put that right first")]
