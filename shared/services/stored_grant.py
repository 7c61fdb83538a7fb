"""What is in a connection's secret: the refresh token, and where it comes from.

The consent's name tells a token that the provider rotated from one of a consent that was never completed,
when a process died before it could write down which of them it had stored. Provider and account let a token
be revoked when its document is gone.
"""

import json
from typing import Self

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from shared.models.agent_tool import REFRESH_TOKEN, ToolAddress
from shared.services.secret_names import secret_id_for


class StoredGrant(BaseModel):
    model_config = ConfigDict(frozen=True)

    refresh_token: SecretStr
    consent_id: str = ""
    provider: str = ""
    account_email: str | None = None

    def sealed(self) -> SecretStr:
        """As Secret Manager keeps it."""
        fields = self.model_dump() | {"refresh_token": self.refresh_token.get_secret_value()}
        return SecretStr(json.dumps(fields))

    @classmethod
    def opened(cls, value: SecretStr) -> Self:
        """A bare token, as somebody may have put it there by hand, belongs to no consent."""
        try:
            return cls.model_validate_json(value.get_secret_value())
        except ValidationError:
            return cls(refresh_token=value)


def grant_secret_id(tool: ToolAddress) -> str:
    return secret_id_for(tool.tenant_id, tool.agent_id, tool.slug, REFRESH_TOKEN)
