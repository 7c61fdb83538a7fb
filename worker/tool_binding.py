"""Each action of each tool of the call as a function of its own that the model can call."""

from typing import Any

from livekit.agents import RunContext, function_tool
from livekit.agents.llm import RawFunctionTool

from shared.models.agent_tool import AgentTool
from shared.tools.base.base_tool import RESERVED_ARGUMENTS, Action, BaseTool
from shared.tools.base.gemini_schema import for_gemini, function_name
from worker.agent_executor import AgentExecutor

ToolFunc = RawFunctionTool[..., Any]


def bind_tools(executor: AgentExecutor) -> list[ToolFunc]:
    """All functions of the call, in a stable order."""
    return [
        create_tool_func(executor, configured, tool, name, action)
        for configured, tool in executor.enabled
        for name, action in tool.metadata.actions.items()
    ]


def withdrawn_functions(executor: AgentExecutor) -> frozenset[str]:
    """The names of those of which nothing is left when they are called off (`Action`)."""
    return frozenset(
        function_name(configured.slug, name, tool.metadata.actions)
        for configured, tool in executor.enabled
        for name, action in tool.metadata.actions.items()
        if action.withdrawn_when_called_off
    )


def create_tool_func(
    executor: AgentExecutor, configured: AgentTool, tool: BaseTool, action_name: str, action: Action
) -> ToolFunc:
    """The function `<slug>_<action>`; it captures tool and action and leaves the rest to `run_tool`."""
    slug = configured.slug

    async def call(raw_arguments: dict[str, object], context: RunContext[Any]) -> str:
        # A model that makes up such an argument must not break the call.
        arguments = {key: value for key, value in raw_arguments.items() if key not in RESERVED_ARGUMENTS}
        return await executor.run_tool(
            slug, action=action_name, call_id=context.function_call.call_id, **arguments
        )

    schema = {
        "name": function_name(slug, action_name, tool.metadata.actions),
        "description": action.description,
        "parameters": for_gemini(action.arguments),
    }
    return function_tool(call, raw_schema=schema)
