"""A tool that the product does not have. An API that has it: python -m tests.browser.loyalty_tool --port N

Its config has every kind of field that a form has to draw.
"""

import argparse
from typing import Annotated, Any, Literal

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from functions.tools_api.api import Api
from functions.tools_api.app import create_app
from functions.tools_api.settings import ApiSettings
from shared.models.agent import OpeningHours
from shared.tools.base.base_tool import Action, BaseTool, ToolContext, ToolMetadata
from shared.tools.base.fields import EmailAddress
from shared.tools.base.registry import TOOLS, ToolRegistry

SLUG = "loyalty_points"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Contact(_Strict):
    name: str = Field(title="Contact's name", min_length=1)
    email: EmailAddress | None = Field(default=None, title="Contact's e-mail")


class Reward(_Strict):
    title: str = Field(title="Reward", min_length=2)
    points: int = Field(title="Points needed", ge=1)


class Percent(_Strict):
    percent: int = Field(title="Percent off", ge=1, le=90)


class Gift(_Strict):
    gift: str = Field(title="What is given", min_length=1)


class LoyaltyConfig(_Strict):
    programme: str = Field(
        title="Programme", pattern=r"^[a-z0-9-]{3,40}$", description="As in the programme's address."
    )
    api_key: SecretStr = Field(title="API key", min_length=4, description="From the programme's settings.")
    pin: SecretStr | None = Field(default=None, title="PIN")
    points_per_visit: int = Field(default=10, ge=1, le=100, title="Points for a visit")
    factor: float = Field(default=1.5, gt=0, le=10, title="Birthday factor")
    tier: Literal["silver", "gold"] = Field(default="silver", title="Tier of new members")
    welcome: bool = Field(default=True, title="Welcome new members", description="By letter.")
    terms: str = Field(default="", max_length=2000, title="Terms")
    channels: set[Literal["letter", "text"]] = Field(default_factory=set, title="Told by")
    contact: Contact = Field(title="Contact")
    rewards: list[Reward] = Field(default_factory=list, max_length=3, title="Rewards")
    double_points: list[OpeningHours] | None = Field(default=None, title="Double points")
    aliases: list[Annotated[str, Field(min_length=2)]] = Field(default_factory=list, title="Also called")
    joining: Percent | Gift = Field(default=Percent(percent=10), title="For joining")


class Member(_Strict):
    number: str


class LoyaltyTool(BaseTool):
    metadata = ToolMetadata(
        slug=SLUG,
        display_name="Loyalty points",
        description="The agent tells members how many points they have.",
        config=LoyaltyConfig,
        actions={
            "look_up": Action(
                "Looks up a member's points. Ask for the number on the card.",
                Member,
                read_only=True,
                idempotent=True,
            ),
            "add": Action("Adds a visit's points.", Member, read_only=False, idempotent=True),
        },
    )

    async def execute(
        self, action: str, arguments: BaseModel, context: ToolContext[LoyaltyConfig]
    ) -> dict[str, Any]:
        return {"message": f"They have {context.config.points_per_visit} points."}


def app() -> FastAPI:
    return create_app(Api.connect(ApiSettings.from_env(), ToolRegistry((*TOOLS, LoyaltyTool))))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(app, factory=True, port=parser.parse_args().port, log_level="warning")
