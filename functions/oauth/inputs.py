"""What a request says, as the model that it has to fit."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from shared.services.field_errors import invalid_fields

ModelT = TypeVar("ModelT", bound=BaseModel)


async def read_json(request: Request, model: type[ModelT]) -> ModelT:
    """The body as `model`. Raises `InvalidFieldsError`."""
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        raise invalid_fields(error) from None


def read_query(request: Request, model: type[ModelT]) -> ModelT:
    """The query as `model`. Raises `InvalidFieldsError`."""
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise invalid_fields(error) from None
