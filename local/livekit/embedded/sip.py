"""The SIP service as livekit-server has it with Redis: inbound trunks and dispatch rules, kept on disk.

They are kept and checked as the real server does it; a call's way into its room is `local/phone/sip_bridge`.
https://docs.livekit.io/sip/api/
"""

from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict, MessageToJson, Parse, ParseDict
from livekit.protocol import models as m
from livekit.protocol import sip

from local.livekit.embedded.errors import TwirpError
from local.livekit.embedded.ids import new_id
from local.livekit.embedded.tokens import Grants

_ANY = ""


class SipStore:
    """Trunks and rules by id. `file` survives a restart; None: memory only."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.trunks: dict[str, sip.SIPInboundTrunkInfo] = {}
        self.rules: dict[str, sip.SIPDispatchRuleInfo] = {}
        if file is not None and file.exists():
            text = file.read_text(encoding="utf-8")
            trunks, rules = text.splitlines()
            for trunk in Parse(trunks, sip.ListSIPInboundTrunkResponse()).items:
                self.trunks[trunk.sip_trunk_id] = trunk
            for rule in Parse(rules, sip.ListSIPDispatchRuleResponse()).items:
                self.rules[rule.sip_dispatch_rule_id] = rule

    def save(self) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        lists = (
            sip.ListSIPInboundTrunkResponse(items=self.trunks.values()),
            sip.ListSIPDispatchRuleResponse(items=self.rules.values()),
        )
        text = "\n".join(MessageToJson(each, indent=None) for each in lists)
        self._file.write_text(text, encoding="utf-8")


class SipService:
    def __init__(self, store: SipStore) -> None:
        self._store = store

    # Inbound trunks

    async def create_trunk(
        self, request: sip.CreateSIPInboundTrunkRequest, grants: Grants
    ) -> sip.SIPInboundTrunkInfo:
        _require_admin(grants)
        if not request.HasField("trunk"):
            raise TwirpError("invalid_argument", "missing trunk")
        if request.trunk.sip_trunk_id:
            raise TwirpError("invalid_argument", "trunk id must not be set")
        return self._keep_trunk(request.trunk, new_id("ST"))

    async def update_trunk(
        self, request: sip.UpdateSIPInboundTrunkRequest, grants: Grants
    ) -> sip.SIPInboundTrunkInfo:
        _require_admin(grants)
        trunk_id = request.sip_trunk_id
        match request.WhichOneof("action"):
            case "replace":
                if request.replace.sip_trunk_id not in ("", trunk_id):
                    text = "trunk id in the info must be empty or match the id in the update"
                    raise TwirpError("invalid_argument", text)
                self._trunk(trunk_id)
                return self._keep_trunk(request.replace, trunk_id)
            case "update":
                return self._keep_trunk(_updated(self._trunk(trunk_id), request.update), trunk_id)
            case _:
                raise TwirpError("invalid_argument", "missing or unsupported update action")

    async def list_trunks(
        self, request: sip.ListSIPInboundTrunkRequest, grants: Grants
    ) -> sip.ListSIPInboundTrunkResponse:
        """A trunk without numbers is listed for every number."""
        _require_admin(grants)
        wanted, numbers = set(request.trunk_ids), set(request.numbers)
        return sip.ListSIPInboundTrunkResponse(
            items=[
                trunk
                for trunk in self._store.trunks.values()
                if (not wanted or trunk.sip_trunk_id in wanted)
                and (not numbers or not trunk.numbers or numbers & set(trunk.numbers))
            ]
        )

    async def delete_trunk(self, request: sip.DeleteSIPTrunkRequest, grants: Grants) -> sip.SIPTrunkInfo:
        """One that is not there counts as deleted."""
        _require_admin(grants)
        self._store.trunks.pop(request.sip_trunk_id, None)
        self._store.save()
        return sip.SIPTrunkInfo(sip_trunk_id=request.sip_trunk_id)

    def _trunk(self, trunk_id: str) -> sip.SIPInboundTrunkInfo:
        trunk = self._store.trunks.get(trunk_id)
        if trunk is None:
            raise TwirpError("not_found", "requested sip trunk does not exist")
        return trunk

    def _keep_trunk(self, given: sip.SIPInboundTrunkInfo, trunk_id: str) -> sip.SIPInboundTrunkInfo:
        trunk = sip.SIPInboundTrunkInfo()
        trunk.CopyFrom(given)
        if trunk.allowed_numbers:
            raise TwirpError("unimplemented", "allowed_numbers are not implemented by the embedded server")
        if not (trunk.numbers or trunk.allowed_addresses or (trunk.auth_username and trunk.auth_password)):
            text = "AuthUsername+AuthPassword, AllowedAddresses or Numbers"
            raise TwirpError("invalid_argument", f"for security, one of the fields must be set: {text}")
        for other in self._store.trunks.values():
            if other.sip_trunk_id != trunk_id and (shared := _shared_numbers(trunk, other)):
                names = f'"{trunk.sip_trunk_id or "<new>"}" and "{other.sip_trunk_id}"'
                text = f"using the same number(s) {shared} without AllowedNumbers set"
                raise TwirpError("invalid_argument", f"Conflicting inbound SIP Trunks: {names}, {text}")
        trunk.sip_trunk_id = trunk_id
        self._store.trunks[trunk_id] = trunk
        self._store.save()
        return trunk

    # Dispatch rules

    async def create_rule(
        self, request: sip.CreateSIPDispatchRuleRequest, grants: Grants
    ) -> sip.SIPDispatchRuleInfo:
        _require_admin(grants)
        if not request.HasField("dispatch_rule"):
            raise TwirpError("unimplemented", "only dispatch_rule is implemented by the embedded server")
        return self._keep_rule(request.dispatch_rule, new_id("SDR"))

    async def update_rule(
        self, request: sip.UpdateSIPDispatchRuleRequest, grants: Grants
    ) -> sip.SIPDispatchRuleInfo:
        _require_admin(grants)
        rule_id = request.sip_dispatch_rule_id
        match request.WhichOneof("action"):
            case "replace":
                if request.replace.sip_dispatch_rule_id not in ("", rule_id):
                    text = "rule id in the info must be empty or match the id in the update"
                    raise TwirpError("invalid_argument", text)
                self._rule(rule_id)
                return self._keep_rule(request.replace, rule_id)
            case "update":
                return self._keep_rule(_updated(self._rule(rule_id), request.update), rule_id)
            case _:
                raise TwirpError("invalid_argument", "missing or unsupported update action")

    async def list_rules(
        self, request: sip.ListSIPDispatchRuleRequest, grants: Grants
    ) -> sip.ListSIPDispatchRuleResponse:
        """A rule without trunks is listed for every trunk."""
        _require_admin(grants)
        wanted, trunks = set(request.dispatch_rule_ids), set(request.trunk_ids)
        return sip.ListSIPDispatchRuleResponse(
            items=[
                rule
                for rule in self._store.rules.values()
                if (not wanted or rule.sip_dispatch_rule_id in wanted)
                and (not trunks or not rule.trunk_ids or trunks & set(rule.trunk_ids))
            ]
        )

    async def delete_rule(
        self, request: sip.DeleteSIPDispatchRuleRequest, grants: Grants
    ) -> sip.SIPDispatchRuleInfo:
        _require_admin(grants)
        rule = self._rule(request.sip_dispatch_rule_id)
        del self._store.rules[rule.sip_dispatch_rule_id]
        self._store.save()
        return rule

    def _rule(self, rule_id: str) -> sip.SIPDispatchRuleInfo:
        rule = self._store.rules.get(rule_id)
        if rule is None:
            raise TwirpError("not_found", "requested sip dispatch rule does not exist")
        return rule

    def _keep_rule(self, given: sip.SIPDispatchRuleInfo, rule_id: str) -> sip.SIPDispatchRuleInfo:
        rule = sip.SIPDispatchRuleInfo()
        rule.CopyFrom(given)
        if rule.rule.WhichOneof("rule") is None:
            raise TwirpError("invalid_argument", "missing rule")
        for other in self._store.rules.values():
            if other.sip_dispatch_rule_id != rule_id and set(_matches(rule)) & set(_matches(other)):
                same = "trunk, inbound number, number, and PIN combination already exists"
                where = f'in dispatch rule "{other.sip_dispatch_rule_id}" "{other.name}"'
                raise TwirpError("invalid_argument", f"Dispatch rule for the same {same} {where}")
        rule.sip_dispatch_rule_id = rule_id
        rule.media.SetInParent()
        self._store.rules[rule_id] = rule
        self._store.save()
        return rule


def _require_admin(grants: Grants) -> None:
    if not grants.sip.get("admin"):
        raise TwirpError("unauthenticated", "permissions denied")


def _shared_numbers(one: sip.SIPInboundTrunkInfo, other: sip.SIPInboundTrunkInfo) -> str:
    """What both take calls for; two trunks without numbers take them for any."""
    if not one.numbers and not other.numbers:
        return "<any>"
    return ", ".join(sorted(set(one.numbers) & set(other.numbers)))


def _matches(rule: sip.SIPDispatchRuleInfo) -> Iterator[tuple[str, str, str, str]]:
    """What calls the rule is for: trunk, calling number, dialled number, PIN."""
    kind = rule.rule.WhichOneof("rule")
    pin: str = getattr(rule.rule, kind).pin if kind else ""
    sets: tuple[Iterable[str], ...] = (rule.trunk_ids, rule.inbound_numbers, rule.numbers)
    for trunk, caller, number in product(*(list(each) or [_ANY] for each in sets)):
        yield trunk, caller, number, pin


def _updated(current: Any, update: Any) -> Any:
    """`current` with the fields that are set in `update`; lists come as what to set."""
    changes = MessageToDict(update, preserving_proto_field_name=True)
    for name, value in changes.items():
        field = update.DESCRIPTOR.fields_by_name[name]
        if field.message_type is not None and field.message_type.name == m.ListUpdate.DESCRIPTOR.name:
            if set(value) != {"set"}:
                raise TwirpError("unimplemented", f"{name}: only set is implemented by the embedded server")
            changes[name] = value["set"]
    updated = type(current)()
    updated.CopyFrom(current)
    for name in changes:
        updated.ClearField(name)
    return ParseDict(changes, updated)
