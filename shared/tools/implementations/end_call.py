"""Lets the agent end the call when the conversation is over."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.tools.base.base_tool import Action, BaseTool, NoConfig, ToolContext, ToolMetadata

ENDS = (
    "The call ends as soon as your goodbye has been heard. Say nothing more. If the caller speaks before "
    "that, the call goes on: answer them, and call this function again when they want nothing more, or at "
    "once when they have only said goodbye."
)


class EndCall(BaseModel):
    model_config = ConfigDict(extra="ignore")


class EndCallTool(BaseTool):
    metadata = ToolMetadata(
        slug="end_call",
        display_name="End the call",
        description="The agent hangs up when the conversation is over.",
        translations={
            "de": {
                "End the call": "Auflegen",
                "The agent hangs up when the conversation is over.": (
                    "Der Agent legt auf, wenn das Gespräch zu Ende ist."
                ),
                "Ends the phone call.": "Beendet den Anruf.",
                "hang up": "auflegen",
            }
        },
        actions={
            "end": Action(
                description=(
                    "Ends the phone call. Use it when the caller has said goodbye or wants nothing more. "
                    "Say goodbye first; never use it while a question of the caller is open."
                ),
                arguments=EndCall,
                read_only=False,
                idempotent=True,
                timeout_seconds=5,
                withdrawn_when_called_off=True,
                display_name="hang up",
            )
        },
    )

    async def execute(
        self, action: str, arguments: BaseModel, context: ToolContext[NoConfig]
    ) -> dict[str, Any]:
        await context.call.hang_up()
        return {"message": ENDS}
