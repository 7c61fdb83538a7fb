"""Positions, tokens, limits and schemas of the API, without any I/O."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError
from starlette.requests import Request

from functions.tools_api.http import Day, Moment
from functions.tools_api.tool_routes import AgentToolPatch
from shared.errors import InvalidFieldsError, PreconditionFailedError, UnauthenticatedError
from shared.models.agent_input import AgentInput, AgentPatch, Line
from shared.models.agent_tool import REFRESH_TOKEN, AgentTool, Connection, ConnectionState, Renewal
from shared.models.base import PhoneNumber
from shared.models.call import CallEvent
from shared.repositories.paging import decode_cursor, encode_cursor
from shared.request_limits import RateLimit, TooManyRequestsError, address_of
from shared.services.etags import check_match, etag_of
from shared.services.event_tail import MAX_SEEN, OVERLAP, TailPosition
from shared.services.opaque_token import OpaqueToken
from shared.services.tool_catalog import secret_fields
from shared.services.tool_service import ConfiguredTool
from shared.tools.base.fields import EmailAddress
from shared.tools.implementations.google_calendar import GoogleCalendarTool

pytestmark = pytest.mark.unit

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@given(st.text(min_size=1), st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", fullmatch=True))
def test_a_cursor_comes_back_as_it_was(value: str, document_id: str) -> None:
    assert decode_cursor(encode_cursor((value, document_id)), str) == (value, document_id)


@given(st.text())
def test_a_made_up_cursor_is_refused_or_harmless(text: str) -> None:
    try:
        position = decode_cursor(text, datetime)
    except InvalidFieldsError:
        return
    assert position is None or "/" not in position[1]


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidFieldsError):
        decode_cursor(encode_cursor(("name", "a1")), datetime)


@pytest.mark.parametrize("text", ["0", "1700000000", "-86400", "1.5e9", ""])
def test_a_number_is_no_date(text: str) -> None:
    """Seconds since 1970 are not what the document describes, and used to be taken."""
    for kind in (Moment, Day):
        with pytest.raises(ValidationError):
            TypeAdapter[object](kind).validate_python(text)
    assert TypeAdapter[date](Day).validate_python("2026-11-20") == NOON.date()
    assert TypeAdapter[datetime](Moment).validate_python("2026-11-20T12:00:00Z") == NOON


@pytest.mark.parametrize(
    "text",
    ["yesterday", "2026-11-20", "2026-11-20T10:00:00", "2026-11-20T10:00:00 01:00", "2026-02-30T00:00:00Z"],
)
def test_whoever_writes_a_moment_otherwise_is_told_how(text: str) -> None:
    """Who had sent no date was told to send a day, which was refused as well, for want of a time zone."""
    with pytest.raises(ValidationError) as error:
        TypeAdapter[object](Moment).validate_python(text)
    assert "must be written like 2026-11-20T10:00:00Z" in error.value.errors()[0]["msg"]


@pytest.mark.parametrize("value", [0, 1, "yes", "false"])
def test_what_is_nearly_true_or_false_is_neither(value: object) -> None:
    with pytest.raises(ValidationError):
        AgentToolPatch.model_validate({"enabled": value})
    with pytest.raises(ValidationError):
        AgentInput.model_validate({"name": "A", "instructions": "B", "disclose_ai": value})


def test_a_connection_that_calls_renew_is_no_other_version_of_its_tool() -> None:
    """Whoever edits a tool while calls use it was told that somebody had changed it."""
    connection = Connection(provider="crm", state=ConnectionState.CONNECTED, account_email="a@example.com")
    renewing = connection.model_copy(update={"renewal": Renewal(owner="w1", expires_at=NOON)})
    ended = connection.model_copy(update={"state": ConnectionState.DISCONNECTED})

    def etag(number: int, connection: Connection, **more: str) -> str:
        secrets = {REFRESH_TOKEN: f"projects/p/secrets/s/versions/{number}", **more}
        tool = AgentTool(slug="google_calendar", sensitive_config=secrets, connection=connection)
        return ConfiguredTool(GoogleCalendarTool.metadata, tool).etag

    assert etag(1, connection) == etag(2, renewing)
    assert etag(1, connection) != etag(1, ended)
    assert etag(1, connection) != etag(1, connection, key="projects/p/secrets/k/versions/1")


@pytest.mark.parametrize("text", ["a@b", "a b@c.d", "\x0e@b.c", "a@\x85b.c", "a@b\u2028b.c", "a@b@c.d"])
def test_an_address_has_neither_spaces_nor_control_characters_by_the_described_pattern_either(
    text: str,
) -> None:
    """`\\s` takes other characters in JavaScript than here, so the document promised what was refused."""
    adapter = TypeAdapter[str](EmailAddress)
    pattern = adapter.json_schema()["pattern"]
    assert not re.search(pattern, text, re.ASCII)
    assert re.search(pattern, "olga@harbor.example", re.ASCII)
    with pytest.raises(ValidationError):
        adapter.validate_python(text)


@pytest.mark.parametrize("space", [" ", "\xa0", "\x85", "\u2003", "\u3000", "\n", "\u2028"])
def test_a_name_of_spaces_alone_is_none_by_the_described_pattern_either(space: str) -> None:
    """The document promised to take what is nothing once it is stripped."""
    adapter = TypeAdapter[str](Line)
    pattern = adapter.json_schema()["pattern"]
    for name, is_one in ((space, False), (space * 3, False), ("a", True), ("a b", True)):
        assert bool(re.search(pattern, name, re.ASCII)) is is_one
    with pytest.raises(ValidationError):
        adapter.validate_python(space)
    assert adapter.validate_python(" Front desk ") == "Front desk"


def test_a_telephone_number_has_the_digits_that_telephones_have() -> None:
    adapter = TypeAdapter[str](PhoneNumber)
    assert adapter.validate_python("+14155550100") == "+14155550100"
    with pytest.raises(ValidationError):
        adapter.validate_python("+1\N{ARABIC-INDIC DIGIT FOUR}155550100")


OUT_OF_TIME = (
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-14))),
)


@pytest.mark.parametrize("moment", OUT_OF_TIME)
def test_a_position_at_the_end_of_the_calendar_is_refused(moment: datetime) -> None:
    """Firestore wants UTC, which such a moment has no date in."""
    with pytest.raises(InvalidFieldsError):
        decode_cursor(encode_cursor((moment, "x")), datetime)
    with pytest.raises(InvalidFieldsError):
        TailPosition.decode(TailPosition(moment).encode())


@pytest.mark.parametrize(("value", "document_id"), [("\ud800", "x"), ("x", ".."), ("x", "__x__")])
def test_a_cursor_that_firestore_would_not_take_is_refused(value: str, document_id: str) -> None:
    with pytest.raises(InvalidFieldsError):
        decode_cursor(encode_cursor((value, document_id)), str)


def test_a_cursor_cannot_lead_to_another_collection() -> None:
    with pytest.raises(InvalidFieldsError):
        decode_cursor(encode_cursor(("name", "../../other/agents/a1")), str)


@given(st.lists(st.integers(0, 60_000_000), max_size=30, unique=True))
def test_a_tail_that_is_asked_again_and_again_shows_every_event_once(offsets: list[int]) -> None:
    """Stored in any order, as long as each is stored before the tail is 15 s past it."""
    events = [
        (f"e-{offset}", CallEvent(at=NOON + timedelta(microseconds=offset), source="e", kind="notice"))
        for offset in offsets
    ]
    position, shown, stored = TailPosition(), list[str](), []
    for event in events:
        newest = max((e.at for _, e in stored), default=NOON)
        if event[1].at < newest - OVERLAP:
            continue
        stored.append(event)
        since = position.since
        found = sorted((e for e in stored if since is None or e[1].at >= since), key=lambda e: e[1].at)
        news = position.news(found)
        shown += [event_id for event_id, _ in news]
        position = TailPosition.decode(position.after(news).encode())
    assert shown == [event_id for event_id, _ in stored]


def test_of_more_events_at_once_than_a_position_holds_it_holds_the_latest() -> None:
    """One that held them all would be refused by the very call that gave it out."""
    events = [
        (f"e-{number}", CallEvent(at=NOON + timedelta(milliseconds=number), source="e", kind="notice"))
        for number in range(2 * MAX_SEEN)
    ]
    position = TailPosition.decode(TailPosition().after(events).encode())
    assert len(position.seen) == MAX_SEEN
    assert position.newest == events[-1][1].at
    assert position.news(events[-MAX_SEEN:]) == []


@given(st.text())
def test_a_made_up_position_is_refused_or_harmless(text: str) -> None:
    try:
        TailPosition.decode(text)
    except InvalidFieldsError:
        return


def test_an_etag_does_not_depend_on_the_order_in_which_fields_are_stored() -> None:
    class Document(BaseModel):
        config: dict[str, int]

    one, other = Document(config={"a": 1, "b": 2}), Document(config={"b": 2, "a": 1})
    assert etag_of(one) == etag_of(other)
    check_match(f'"x", {etag_of(one)}', other)
    check_match("*", one)
    for stale in ('"x"', f"W/{etag_of(one)}", "", etag_of(one).strip('"')):
        with pytest.raises(PreconditionFailedError):
            check_match(stale, one)


def test_a_token_proves_itself_and_nothing_else() -> None:
    token = OpaqueToken.issue("tlk", "harbor-dental")
    read = OpaqueToken.parse("tlk", token.reveal())
    assert (read.tenant_id, read.id) == ("harbor-dental", token.id)
    assert read.proves(token.sha256)
    assert token.secret.get_secret_value() not in repr(token)
    assert not OpaqueToken.issue("tlk", "harbor-dental").proves(token.sha256)


@pytest.mark.parametrize(
    "text", ["", "tlk", "tli.a.b.c", "tlk.a/b.c.d", "tlk...", "tlk.a.b.c.d", "tlk.a.é.c"]
)
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(UnauthenticatedError):
        OpaqueToken.parse("tlk", text)


def test_the_rate_limit_lets_a_burst_through_and_then_what_accrues() -> None:
    now = 0.0
    limit = RateLimit(per_minute=120, clock=lambda: now)
    for _ in range(12):
        limit.take("a")
    with pytest.raises(TooManyRequestsError) as refused:
        limit.take("a")
    assert refused.value.retry_after == 1
    limit.take("b")
    now = 0.5
    limit.take("a")
    with pytest.raises(TooManyRequestsError):
        limit.take("a")


def test_an_address_that_a_sender_claims_in_a_line_of_its_own_counts_for_nothing() -> None:
    lines = [(b"x-forwarded-for", b"198.51.100.1"), (b"x-forwarded-for", b"203.0.113.7")]
    assert address_of(Request({"type": "http", "headers": lines})) == "203.0.113.7"


def test_a_patch_has_every_field_of_an_agent_and_requires_none() -> None:
    patch, whole = AgentPatch.model_json_schema(), AgentInput.model_json_schema()
    assert patch["properties"].keys() == whole["properties"].keys()
    assert "required" not in patch
    assert not any("default" in field for field in patch["properties"].values())


def test_optional_secrets_are_secrets_as_well() -> None:
    class Config(BaseModel):
        name: str
        key: SecretStr
        second: SecretStr | None = None

    assert secret_fields(Config) == ["key", "second"]
