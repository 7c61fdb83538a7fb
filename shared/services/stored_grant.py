"""What is in a connection's secret: the refresh token, and which consent it comes from.

The consent's name tells a token that the provider rotated from one of a consent that was never completed,
when a process died before it could write down which of them it had stored.
"""

from typing import Self

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from shared.models.agent_tool import REFRESH_TOKEN, ToolAddress
from shared.services.secret_names import secret_id_for


class StoredGrant(BaseModel):
    model_config = ConfigDict(frozen=True)

    refresh_token: SecretStr
    consent_id: str = ""

    def sealed(self) -> SecretStr:
        """As Secret Manager keeps it."""
        revealed = {
            "refresh_token": self.refresh_token.get_secret_value(),
            "consent_id": self.consent_id,
        }
        return SecretStr(_Revealed(**revealed).model_dump_json())

    @classmethod
    def opened(cls, value: SecretStr) -> Self:
        """A bare token, as somebody may have put it there by hand, belongs to no consent."""
        try:
            return cls.model_validate_json(value.get_secret_value())
        except ValidationError:
            return cls(refresh_token=value)


class _Revealed(BaseModel):
    refresh_token: str
    consent_id: str


def grant_secret_id(tool: ToolAddress) -> str:
    return secret_id_for(tool.tenant_id, tool.agent_id, tool.slug, REFRESH_TOKEN)
