"""trunkline telephony: the phone side, as `docs/telephony.md` says it must be.

`sync` compares LiveKit's trunk and dispatch rule and Twilio's numbers with what they must be, shows what
differs, and with --apply makes it so. Doing it again changes nothing.
"""

from dataclasses import dataclass

import typer
from google.protobuf.duration_pb2 import Duration
from livekit.protocol import sip
from pydantic import SecretStr

from operations.cli import ApplyOption, DeploymentOption, JsonOption, run
from operations.operator import Operator
from operations.report import FINDINGS, OK, Difference, PlannedChange, Problem, Report
from shared.gateways.livekit_sip import LiveKitSipGateway
from shared.gateways.twilio import AccountNumber, TwilioGateway
from shared.models.phone_number import NumberRouting
from shared.repositories.phone_numbers import PlatformNumberRepository
from shared.services.number_service import routing_to

app = typer.Typer(help=__doc__, no_args_is_help=True)

NAME = "trunkline"
"""Of our trunk and our rule, by which they are found again."""

RINGING_TIMEOUT = Duration(seconds=25)
"""A little longer than Twilio's own patience (`<Dial timeout>`), so that Twilio decides, and far shorter than
LiveKit's three minutes."""

LIVEKIT_WEBHOOK = "/api/v1/voice/livekit/webhook"


class SyncReport(Report):
    applied: bool
    changes: list[PlannedChange]
    problems: list[Problem]
    by_hand: list[str]
    """What no API can set: as it has to be in LiveKit's dashboard or configuration file."""

    @property
    def exit_code(self) -> int:
        return FINDINGS if self.problems or any(not change.done for change in self.changes) else OK

    def lines(self) -> list[str]:
        found = [line for each in (*self.changes, *self.problems) for line in each.lines()]
        verdict = "Everything is as it must be." if not found else ""
        if self.changes and not self.applied:
            verdict = "Nothing was changed: dry run. Make it so with: trunkline telephony sync --apply"
        return [*found, *([verdict] if verdict else []), "", *self.by_hand]


@app.command()
def sync(
    deployment: DeploymentOption = None, as_json: JsonOption = False, apply: ApplyOption = False
) -> None:
    """LiveKit's trunk, dispatch rule and webhook, and Twilio's webhooks of every attached number."""
    run(lambda operator: synchronise(operator, apply=apply), deployment, as_json)


async def synchronise(operator: Operator, *, apply: bool) -> SyncReport:
    """Raises `UnavailableError`, `ConfigurationError`."""
    livekit = await LiveKitSide.of(operator)
    changes, problems = await livekit.sync(apply=apply)
    twilio = await TwilioSide.of(operator)
    more_changes, more_problems = await twilio.sync(apply=apply)
    return SyncReport(
        applied=apply,
        changes=changes + more_changes,
        problems=problems + more_problems,
        by_hand=webhook_by_hand(operator),
    )


def webhook_by_hand(operator: Operator) -> list[str]:
    """LiveKit's API can neither read nor set its webhook; `trunkline doctor` sees whether it arrives."""
    url = operator.deployment.urls.incoming_call + LIVEKIT_WEBHOOK
    key = operator.value("LIVEKIT_API_KEY")
    return [
        "LiveKit's webhook and room creation cannot be set by its API. They have to be:",
        f"  LiveKit Cloud, Settings, Webhooks:  URL {url}, signing API key {key}",
        "  a server of your own (config.yaml):",
        f"    webhook: {{ api_key: {key}, urls: [{url}] }}",
        "    room: { auto_create: false }",
        "trunkline doctor tells whether they are.",
    ]


@dataclass(frozen=True)
class LiveKitSide:
    gateway: LiveKitSipGateway
    username: str
    password: SecretStr

    @classmethod
    async def of(cls, operator: Operator) -> "LiveKitSide":
        username, password = operator.value("SIP_USERNAME"), await operator.secret("SIP_PASSWORD")
        return cls(await operator.livekit_sip(), username, password)

    async def sync(self, *, apply: bool) -> tuple[list[PlannedChange], list[Problem]]:
        trunks = await self.gateway.list_trunks()
        current = next((each for each in trunks if self._is_ours(each)), None)
        rivals = [each for each in trunks if each is not current and not each.numbers]
        if rivals:
            return [], [_rival(each) for each in rivals]
        changes: list[PlannedChange] = []
        trunk_id = current.sip_trunk_id if current else None
        wanted = self._wanted_trunk(current)
        if current is None or wanted != current:
            change = PlannedChange(
                subject=f"LiveKit trunk {NAME}",
                action="create" if current is None else "change",
                fields=_trunk_differences(current, wanted),
            )
            if apply and current is None:
                trunk_id = (await self.gateway.create_trunk(wanted)).sip_trunk_id
            elif apply:
                await self.gateway.replace_trunk(wanted)
            changes.append(change.model_copy(update={"done": apply}))
        rule = await self._sync_rule(trunk_id, apply=apply)
        return changes + rule, []

    async def _sync_rule(self, trunk_id: str | None, *, apply: bool) -> list[PlannedChange]:
        rules = await self.gateway.list_rules()
        current = next(
            (each for each in rules if each.name == NAME or (trunk_id and trunk_id in each.trunk_ids)), None
        )
        wanted = _wanted_rule(current, trunk_id)
        if current is not None and _rule_facts(current) == _rule_facts(wanted):
            return []
        before, after = {} if current is None else _rule_facts(current), _rule_facts(wanted)
        change = PlannedChange(
            subject=f"LiveKit dispatch rule {NAME}",
            action="create" if current is None else "change",
            fields={
                name: Difference(before=before.get(name), after=value)
                for name, value in after.items()
                if before.get(name) != value
            },
        )
        if apply and current is None:
            await self.gateway.create_rule(wanted)
        elif apply:
            await self.gateway.replace_rule(wanted)
        return [change.model_copy(update={"done": apply})]

    def _is_ours(self, trunk: sip.SIPInboundTrunkInfo) -> bool:
        return trunk.name == NAME or (not trunk.numbers and trunk.auth_username == self.username)

    def _wanted_trunk(self, current: sip.SIPInboundTrunkInfo | None) -> sip.SIPInboundTrunkInfo:
        """As it is, but for what matters: media settings and the like are the operator's."""
        wanted = sip.SIPInboundTrunkInfo()
        if current is not None:
            wanted.CopyFrom(current)
        wanted.name = NAME
        for field in ("numbers", "allowed_addresses", "allowed_numbers"):
            wanted.ClearField(field)
        wanted.auth_username, wanted.auth_password = self.username, self.password.get_secret_value()
        # All headers would include the answer to the password's challenge.
        wanted.include_headers = sip.SIPHeaderOptions.SIP_NO_HEADERS
        wanted.ringing_timeout.CopyFrom(RINGING_TIMEOUT)
        return wanted


def _trunk_differences(
    before: sip.SIPInboundTrunkInfo | None, after: sip.SIPInboundTrunkInfo
) -> dict[str, Difference]:
    old, new = {} if before is None else _trunk_facts(before), _trunk_facts(after)
    found = {name: Difference(before=old.get(name), after=value) for name, value in new.items()}
    differences = {name: each for name, each in found.items() if each.before != each.after}
    if before is None or before.auth_password != after.auth_password:
        is_set = "set" if before is not None and before.auth_password else None
        differences["auth_password"] = Difference(before=is_set, after="as in SIP_PASSWORD")
    return differences


def _trunk_facts(trunk: sip.SIPInboundTrunkInfo) -> dict[str, object]:
    """Without the password."""
    return {
        "name": trunk.name,
        "numbers": list(trunk.numbers),
        "allowed_addresses": list(trunk.allowed_addresses),
        "allowed_numbers": list(trunk.allowed_numbers),
        "auth_username": trunk.auth_username,
        "ringing_timeout": trunk.ringing_timeout.seconds,
        "include_headers": sip.SIPHeaderOptions.Name(trunk.include_headers),
    }


def _wanted_rule(current: sip.SIPDispatchRuleInfo | None, trunk_id: str | None) -> sip.SIPDispatchRuleInfo:
    wanted = sip.SIPDispatchRuleInfo()
    if current is not None:
        wanted.CopyFrom(current)
    wanted.name = NAME
    wanted.rule.CopyFrom(
        sip.SIPDispatchRule(dispatch_rule_callee=sip.SIPDispatchRuleCallee(room_prefix="", randomize=False))
    )
    for field in ("trunk_ids", "inbound_numbers", "numbers", "room_config", "room_preset"):
        wanted.ClearField(field)
    wanted.trunk_ids.append(trunk_id or "(the new trunk)")
    return wanted


def _rule_facts(rule: sip.SIPDispatchRuleInfo) -> dict[str, object]:
    kind = rule.rule.WhichOneof("rule")
    callee = rule.rule.dispatch_rule_callee
    return {
        "name": rule.name,
        "kind": kind,
        "room_prefix": callee.room_prefix,
        "randomize": callee.randomize,
        "pin": "set" if callee.pin else "",
        "trunk_ids": list(rule.trunk_ids),
        "inbound_numbers": list(rule.inbound_numbers),
        "numbers": list(rule.numbers),
        "agents": [each.agent_name for each in rule.room_config.agents],
    }


def _rival(trunk: sip.SIPInboundTrunkInfo) -> Problem:
    return Problem(
        subject=f"LiveKit trunk {trunk.sip_trunk_id} {trunk.name!r}",
        finding="takes the calls of all numbers, so ours cannot exist beside it",
        fix=f"give it the numbers that it is for, or delete it: lk sip inbound delete {trunk.sip_trunk_id}",
    )


@dataclass(frozen=True)
class TwilioSide:
    gateway: TwilioGateway
    wanted: NumberRouting
    numbers: list[str]
    """Those that an agent answers."""

    @classmethod
    async def of(cls, operator: Operator) -> "TwilioSide":
        numbers = await PlatformNumberRepository(operator.database).all()
        return cls(
            await operator.twilio(),
            routing_to(operator.deployment.urls.incoming_call),
            sorted(number for number, _ in numbers),
        )

    async def sync(self, *, apply: bool) -> tuple[list[PlannedChange], list[Problem]]:
        owned = {number.number: number for number in await self.gateway.list_numbers()}
        problems = [
            Problem(
                subject=f"Twilio number {number}",
                finding="has an agent, but the Twilio account does not own it",
                fix="buy it at Twilio, or detach it in the dashboard",
            )
            for number in self.numbers
            if number not in owned
        ]
        changes: list[PlannedChange] = []
        for number in self.numbers:
            account = owned.get(number)
            if account is None or not (differences := self.differences(account)):
                continue
            if apply:
                await self.gateway.configure_number(account.sid, self.wanted)
            subject = f"Twilio number {number}"
            changes.append(PlannedChange(subject=subject, action="change", fields=differences, done=apply))
        return changes, problems

    def differences(self, account: AccountNumber) -> dict[str, Difference]:
        is_, wanted = account.routing.model_dump(), self.wanted.model_dump()
        return {
            name: Difference(before=is_[name], after=wanted[name])
            for name in wanted
            if is_[name] != wanted[name]
        }
