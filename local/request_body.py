"""Bodies of requests to stand-ins' control endpoints: a mistake is 400, with field and what was expected."""

import json
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

ModelT = TypeVar("ModelT", bound=BaseModel)


async def parsed(request: web.Request, model: type[ModelT], **from_path: str) -> ModelT:
    """The body as `model`, with the fields that the path tells."""
    try:
        data: Any = await request.json()
    except json.JSONDecodeError as error:
        raise web.HTTPBadRequest(text=f"the body is not JSON: {error}") from None
    try:
        return model.model_validate({**data, **from_path} if isinstance(data, dict) else data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the body"
        raise web.HTTPBadRequest(text=f"{field}: {first['msg']}") from None
