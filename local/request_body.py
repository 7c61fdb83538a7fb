"""Bodies of requests to control endpoints: mistakes are 400, each with its field and what was expected."""

import json
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from shared.services.field_errors import invalid_fields

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
        raise web.HTTPBadRequest(text=str(invalid_fields(error))) from None
