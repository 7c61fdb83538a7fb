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
        """Raises `ValueError` about two tools with one slug."""
        self._tools: dict[str, BaseTool] = {}
        for tool in tools:
            slug = tool.metadata.slug
            if other := self._tools.get(slug):
                raise ValueError(f"{type(other).__name__} and {tool.__name__} have the same slug, {slug!r}")
            self._tools[slug] = tool()

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
