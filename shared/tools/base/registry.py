"""Every tool that an agent can be given. A new tool is one line here."""

from shared.errors import NotFoundError
from shared.tools.base.base_tool import BaseTool
from shared.tools.implementations.end_call import EndCallTool
from shared.tools.implementations.google_calendar import GoogleCalendarTool
from shared.tools.implementations.send_email import SendEmailTool

TOOLS: tuple[type[BaseTool], ...] = (
    EndCallTool,
    GoogleCalendarTool,
    SendEmailTool,
)


class ToolRegistry:
    """Tools by slug; one instance of each, since tools hold no state of a call."""

    def __init__(self, tools: tuple[type[BaseTool], ...] = TOOLS) -> None:
        self._tools = {tool.metadata.slug: tool() for tool in tools}
        if len(self._tools) != len(tools):
            raise ValueError("two tools have the same slug")

    def get(self, slug: str) -> BaseTool:
        """Raises `NotFoundError` for a slug that no tool has (any more)."""
        try:
            return self._tools[slug]
        except KeyError:
            raise NotFoundError(
                f"no tool {slug!r}", sentence="There is no such tool.", code="no_such_tool"
            ) from None

    def all(self) -> list[BaseTool]:
        return list(self._tools.values())
