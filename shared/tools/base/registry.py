"""Every tool that an agent can be given. A new tool is one line here."""

import inspect

from shared.errors import NotFoundError
from shared.tools.base.base_tool import BaseTool
from shared.tools.base.gemini_schema import function_name
from shared.tools.implementations.end_call import EndCallTool
from shared.tools.implementations.google_calendar import GoogleCalendarTool
from shared.tools.implementations.send_email import SendEmailTool

TOOLS: tuple[type[BaseTool], ...] = (
    EndCallTool,
    GoogleCalendarTool,
    SendEmailTool,
)


def _checked(tool: type[BaseTool]) -> type[BaseTool]:
    if not (isinstance(tool, type) and issubclass(tool, BaseTool)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"{tool!r}: expected a class, and a subclass of BaseTool")  # noqa: TRY004 - as all mistakes in a definition
    if not hasattr(tool, "metadata"):
        raise ValueError(f"{tool.__name__}: expected metadata, which says what the tool is")
    if not inspect.iscoroutinefunction(tool.execute):
        raise ValueError(f"{tool.__name__}: expected an async execute")
    return tool


class ToolRegistry:
    """Tools by slug; one instance of each, since tools hold no state of a call."""

    def __init__(self, tools: tuple[type[BaseTool], ...] = TOOLS) -> None:
        """Raises `ValueError` about what is no tool, and two tools or functions with one name."""
        self._tools: dict[str, BaseTool] = {}
        owners: dict[str, str] = {}
        for tool in tools:
            metadata = _checked(tool).metadata
            if other := self._tools.get(metadata.slug):
                raise ValueError(
                    f"{type(other).__name__} and {tool.__name__} have the same slug, {metadata.slug!r}"
                )
            self._tools[metadata.slug] = tool()
            for action in metadata.actions:
                function = function_name(metadata.slug, action, metadata.actions)
                if owner := owners.get(function):
                    raise ValueError(f"{owner} and {tool.__name__} have the same function, {function!r}")
                owners[function] = tool.__name__

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
