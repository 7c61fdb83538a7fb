"""Headers and parameters that many routes share: ETag and If-Match, Idempotency-Key, cursors."""

from contextlib import suppress
from datetime import date
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Header, Path, Query, Request, Response
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from functions.tools_api.problems import IF_MATCH
from shared.errors import InvalidFieldsError
from shared.models.base import DocumentId, in_our_time
from shared.patterns import named
from shared.services.request_keys import RequestKey

T = TypeVar("T")

POSITION = named(r"^[A-Za-z0-9_-]+$", "a position that an earlier answer gave out")
"""Of cursors and of what else says how far a reader has got."""

_ETAG_DESCRIPTION = "The `ETag` of the version that is changed, or `*` for whatever there is."


class Body(BaseModel):
    """What a request may say, and nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _not_null(value: object) -> object:
    if value is None:
        raise ValueError("cannot be null; leave it out to keep it as it is")
    return value


def _without_null(schema: dict[str, Any]) -> None:
    [only] = (each for each in schema.pop("anyOf") if each != {"type": "null"})
    schema.update(only)


Given = Annotated[T | None, BeforeValidator(_not_null), Field(json_schema_extra=_without_null)]
"""Of a field that may be left out and has no "none": null would be taken for left out."""


class PageOf(BaseModel, Generic[T]):
    items: list[T]
    next_cursor: str | None = Field(description="Pass it as `cursor` for what follows; null: this was all.")


async def _request_key(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            description="Any text of your own; the same request sent again with it creates nothing more.",
            min_length=1,
            max_length=200,
        ),
    ] = None,
) -> RequestKey | None:
    if idempotency_key is None:
        return None
    body = await request.body()
    return RequestKey(f"{request.method} {request.url.path}", idempotency_key, body)


IfMatch = Annotated[str, Header(alias=IF_MATCH, description=_ETAG_DESCRIPTION, max_length=1000)]
"""Left out, the answer is 428."""

OptionalIfMatch = Annotated[
    str | None, Header(alias=IF_MATCH, description=_ETAG_DESCRIPTION, max_length=1000)
]

IdempotencyKey = Annotated[RequestKey | None, Depends(_request_key)]

Limit = Annotated[int, Query(ge=1, le=100, description="How many items a page has at most.")]

Cursor = Annotated[
    str | None,
    Query(
        max_length=2000,
        pattern=POSITION,
        description="`next_cursor` of the page before; leave out for the first.",
    ),
]

AgentId = Annotated[DocumentId, Path()]


def _written_like(example: str) -> WrapValidator:
    """The parser's own words are about its insides; and a bare number it takes for seconds since 1970."""

    def validated(value: object, parse: ValidatorFunctionWrapHandler) -> object:
        with suppress(ValueError):
            if not isinstance(value, str) or "-" in value[1:]:
                return parse(value)
        raise ValueError(f"must be written like {example}")

    return WrapValidator(validated)


Moment = Annotated[
    AwareDatetime,
    _written_like("2026-11-20T10:00:00Z, with its time zone (a + in an address is %2B)"),
    AfterValidator(in_our_time),
]

Day = Annotated[date, _written_like("2026-11-20"), AfterValidator(in_our_time)]


async def each_parameter_once(request: Request) -> None:
    """Of two values one would be ignored without a word. Raises `InvalidFieldsError`."""
    names = [name for name, _ in request.query_params.multi_items()]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidFieldsError([(name, "is given more than once") for name in repeated])


def set_etag(response: Response, etag: str) -> None:
    response.headers["ETag"] = etag


def set_location(response: Response, request: Request, resource_id: str) -> None:
    """Of what a POST to a collection made."""
    response.headers["Location"] = f"{request.url.path.rstrip('/')}/{resource_id}"
