"""What holds for every tool, and that a new one takes a class and a line: the documents' own example."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import BaseModel, ConfigDict, Field, RootModel, SecretStr, ValidationError

from local.seed import ToolSeed
from shared.errors import NotFoundError, ToolError, UnavailableError
from shared.services.tool_catalog import ENGLISH, ToolCatalog, first_sentence, secret_fields
from shared.tools.base.base_tool import Action, BaseTool, OAuthConnection, ToolContext, ToolMetadata
from shared.tools.base.gemini_schema import for_gemini, function_name
from shared.tools.base.registry import ToolRegistry
from shared.tools.implementations.end_call import EndCall, EndCallTool
from shared.tools.implementations.google_calendar import GoogleCalendarTool
from shared.tools.implementations.send_email import SendEmailTool
from tests.tools import FakeCall, caller_hears, tool_context

pytestmark = pytest.mark.unit

LIBRARIES = """
import shared.tools.base.registry, sys
files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
print(*{name.partition(".")[0] for name, file in files.items() if "site-packages" in file})
"""
EVERYWHERE = {
    *("annotated_types", "pydantic", "pydantic_core", "typing_extensions", "typing_inspection", "tzdata"),
    *("aiohttp", "aiohappyeyeballs", "aiosignal", "attr", "attrs", "frozenlist", "idna", "multidict"),
    *("propcache", "yarl"),
}
"""Libraries that are deployed with every part that knows the tools."""

SHIPPED = (EndCallTool, GoogleCalendarTool, SendEmailTool)
"""The tools that come with the platform: of one that somebody adds, less is asked here."""

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-tool.md"
LANGUAGES = Path(__file__).parents[2] / "dashboard" / "src" / "texts"


def test_knowing_the_tools_takes_none_of_the_libraries_that_they_run_with() -> None:
    """The API shows them and is deployed without boto3 and the like: once it could not have started."""
    environment = {**os.environ, "PYTHONPATH": str(PAGE.parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", LIBRARIES], env=environment, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) - EVERYWHERE == set()


@pytest.mark.parametrize("tool", SHIPPED)
def test_what_people_read_of_our_tools_is_there_in_every_language_of_the_dashboard(
    tool: type[BaseTool],
) -> None:
    assert {language: set(words) for language, words in tool.metadata.translations.items()} == {
        language.name: words_read(tool)
        for language in LANGUAGES.iterdir()
        if (language / "tools.ts").exists()
        if language.name != ENGLISH
    }


@pytest.mark.parametrize("tool", ToolRegistry().all(), ids=lambda tool: tool.metadata.slug)
def test_what_is_translated_is_what_people_read(tool: BaseTool) -> None:
    for language, words in tool.metadata.translations.items():
        assert set(words) - words_read(type(tool)) == set(), f"not read in English, so never in {language}"


def words_read(tool: type[BaseTool]) -> set[str]:
    (english,) = ToolCatalog(ToolRegistry((tool,))).all()
    return {
        *(english.display_name, english.description),
        *english.scope_texts.values(),
        *(action.display_name for action in english.actions),
        *(first_sentence(action.description) for action in english.actions),
        *field_words(english.config_schema),
    }


def field_words(node: Any) -> Generator[str]:
    """Titles and descriptions of a schema's fields and choices, at whatever depth; not a model's own."""
    if isinstance(node, list):
        for each in cast("list[Any]", node):
            yield from field_words(each)
    if isinstance(node, dict):
        schema = cast("dict[str, Any]", node)
        for field in [*schema.get("properties", {}).values(), *schema.get("oneOf", [])]:
            yield from (field[key] for key in ("title", "description") if key in field)
        for each in schema.values():
            yield from field_words(each)


def test_what_a_model_says_of_itself_to_developers_is_not_in_the_catalogue() -> None:
    """A form shows a description: "For tools that need no settings." would stand in the dashboard."""
    schemas = [tool.config_schema for tool in ToolCatalog(ToolRegistry()).all()]
    models = [model for schema in schemas for model in (schema, *schema.get("$defs", {}).values())]
    assert len(models) > len(schemas)
    assert [model["description"] for model in models if "description" in model] == []


DOES = Action("Does it. Ask first.", EndCall, read_only=True, idempotent=True)


class Plain(BaseTool):
    """Nobody has translated all of it."""

    metadata = ToolMetadata(
        slug="plain",
        display_name="Plain",
        description="The agent does it.",
        actions={"do": DOES, "do_again": DOES, "undo": replace(DOES, display_name="take it back")},
        translations={"de": {"Does it.": "Tut es.", "do again": "noch einmal tun"}},
    )

    async def execute(self, action: str, arguments: BaseModel, context: ToolContext[Any]) -> dict[str, Any]:
        return {"message": "Done."}


def test_words_without_a_translation_stay_english() -> None:
    catalog = ToolCatalog(ToolRegistry((Plain,)))
    (german,), (french,), (english,) = catalog.all("de"), catalog.all("fr"), catalog.all()

    assert (german.language, german.display_name) == ("de", "Plain")
    assert {action.description for action in german.actions} == {"Tut es."}
    assert [action.display_name for action in german.actions] == ["do", "noch einmal tun", "take it back"]
    assert french == english
    assert {action.description for action in english.actions} == {"Does it. Ask first."}
    assert [action.display_name for action in english.actions] == ["do", "do again", "take it back"]


def test_the_function_of_an_only_action_is_the_tool_itself() -> None:
    assert function_name("end_call", "end", {"end": None}) == "end_call"
    assert function_name("google_calendar", "list_events", {"list_events": 1, "x": 2}) == (
        "google_calendar_list_events"
    )


def test_an_unknown_tool_is_named() -> None:
    with pytest.raises(NotFoundError, match="'telepathy'"):
        ToolRegistry().get("telepathy")


def test_two_tools_with_one_slug_are_refused() -> None:
    with pytest.raises(ValueError, match="EndCallTool and EndCallTool have the same slug, 'end_call'"):
        ToolRegistry((EndCallTool, EndCallTool))


def test_two_tools_with_one_function_are_refused() -> None:
    """The model would have one of them, and nobody could say which."""

    class End(Plain):
        metadata = replace(Plain.metadata, slug="end", actions={"call": DOES, "else": DOES})

    with pytest.raises(ValueError, match="EndCallTool and End have the same function, 'end_call'"):
        ToolRegistry((EndCallTool, End))


class Blocking(Plain):
    def execute(self, action: str, arguments: BaseModel, context: Any) -> Any:
        return {}


class Nameless(BaseTool):
    async def execute(self, action: str, arguments: BaseModel, context: ToolContext[Any]) -> dict[str, Any]:
        return {}


@pytest.mark.parametrize(
    ("tool", "mistake"),
    [
        (Blocking, "Blocking: expected an async execute"),
        (Nameless, "Nameless: expected metadata"),
        (Plain(), "Plain object at .*: expected a class"),
        (EndCall, "EndCall'>: expected a class, and a subclass of BaseTool"),
    ],
)
def test_what_is_no_tool_is_not_registered(tool: Any, mistake: str) -> None:
    with pytest.raises(ValueError, match=mistake):
        ToolRegistry((tool,))


class CallId(BaseModel):
    call_id: str


class Pair(BaseModel):
    pair: tuple[int, str]


class Unknown(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    what: Callable[[], None]


class Days(RootModel[list[str]]):
    pass


class Shop(BaseModel):
    key: SecretStr


class Shops(BaseModel):
    main: SecretStr | None = None
    others: list[Shop] = []


class Keys(BaseModel):
    keys: dict[str, SecretStr]


class Token(BaseModel):
    oauth_refresh_token: SecretStr


def does(arguments: Any) -> dict[str, Any]:
    return {"actions": {"do": replace(DOES, arguments=arguments)}}


@pytest.mark.parametrize(
    ("wrong", "mistake"),
    [
        ({"slug": "My Tool"}, "tool 'My Tool': slug: expected small letters"),
        ({"display_name": " "}, "tool 'plain': display_name: expected words"),
        ({"description": ""}, "tool 'plain': description: expected words"),
        ({"actions": {}}, "tool 'plain': actions: expected one at least"),
        ({"actions": {"Do": DOES}}, "actions['Do']: expected small letters"),
        (
            {"actions": {"do": replace(DOES, description="")}},
            "actions['do'].description: expected words",
        ),
        ({"actions": {"do": replace(DOES, timeout_seconds=0)}}, "over 0, at most 15, not 0"),
        ({"actions": {"do": replace(DOES, timeout_seconds=16)}}, "over 0, at most 15, not 16"),
        ({"actions": {"do": replace(DOES, idempotent=False)}}, "actions['do'].idempotent: expected True"),
        (
            {"slug": "s" * 40, "actions": {"a" * 24: DOES, "b": DOES}},
            " is too long, expected at most 64 char",
        ),
        (does(CallId), "actions['do'].arguments: call_id cannot be the name of an argument"),
        (does(Pair), "actions['do'].arguments: Pair.pair: Gemini cannot express a tuple; use a list or a m"),
        (does(Unknown), "actions['do'].arguments: Unknown: Cannot generate a JsonSchema"),
        (does(Days), "actions['do'].arguments: Days: Gemini needs named fields"),
        (does({"day": str}), "actions['do'].arguments: expected a pydantic model, found {'day'"),
        ({"config": Shops}, "config.others: expected a secret to be a field of its own, not within another"),
        ({"config": Keys}, "config.keys: expected a secret to be a field of its own"),
        ({"config": Token}, "config.oauth_refresh_token: expected another name"),
        ({"config": Shop(key=SecretStr("k"))}, "config: expected a pydantic model, found Shop(key="),
        (
            {"connection": OAuthConnection("google", "https://a.example/calendar")},  # pyright: ignore[reportArgumentType]
            "connection.scopes: expected several, such as ('https://a.example/calendar',)",
        ),
        (
            {"connection": OAuthConnection("google", ("calendar",), {"calender": "To see it"})},
            "connection.scope_texts: expected scopes that are asked for, found calender",
        ),
    ],
)
def test_a_mistake_in_a_tools_definition_is_told_when_it_is_loaded(
    wrong: dict[str, Any], mistake: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(mistake)):
        replace(Plain.metadata, **wrong)


async def test_ending_the_call_hangs_up_and_leaves_nothing_to_say() -> None:
    call = FakeCall()

    result = await EndCallTool().execute("end", EndCall(), tool_context(call=call))

    assert call.hung_up
    assert "Say nothing more" in result["message"]


# Adding a tool: a class …


class Greet(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    times: int = Field(default=1, gt=0)


class GreetingConfig(BaseModel):
    word: str = "Hello"


class GreetingTool(BaseTool):
    metadata = ToolMetadata(
        slug="greeting",
        display_name="Greeting",
        description="Greets.",
        config=GreetingConfig,
        actions={"greet": Action("Greets somebody.", Greet, read_only=True, idempotent=True)},
    )

    async def execute(
        self, action: str, arguments: BaseModel, context: ToolContext[GreetingConfig]
    ) -> dict[str, Any]:
        assert isinstance(arguments, Greet)
        return {"message": " ".join([f"{context.config.word} {arguments.name}!"] * arguments.times)}


async def test_a_class_and_a_line_are_enough_for_form_function_and_result() -> None:
    registry = ToolRegistry((EndCallTool, GreetingTool))  # … and a line.

    tool = registry.get("greeting")
    action = tool.metadata.actions["greet"]
    assert tool.metadata.config.model_json_schema()["properties"]["word"]["default"] == "Hello"
    assert for_gemini(action.arguments) == {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "times": {"type": "integer", "minimum": 1}},
    }
    arguments = action.arguments.model_validate({"name": "Ann", "times": 2})
    context = tool_context(config=tool.metadata.config.model_validate({"word": "Hi"}))
    assert await tool.execute("greet", arguments, context) == {"message": "Hi Ann! Hi Ann!"}


# The page's example


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Generator[ModuleType]:
    """The code on the page, as the module that it would be."""
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    file = tmp_path_factory.mktemp("docs") / "order_status.py"
    file.write_text(found[1], encoding="utf-8")
    spec = importlib.util.spec_from_file_location("order_status", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["order_status"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["order_status"]


@pytest.fixture
async def shop(example: ModuleType, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[None]:
    async def order(request: web.Request) -> web.Response:
        if request.headers["Authorization"] != "Bearer key-1":
            return web.Response(status=403)
        if request.match_info["number"] != "1234":
            return web.Response(status=404)
        return web.json_response({"state": "on its way", "expected": "Friday"})

    app = web.Application()
    app.add_routes([web.get("/acme/orders/{number}", order)])
    async with TestServer(app) as server:
        monkeypatch.setattr(example.OrderStatusTool, "address", f"http://127.0.0.1:{server.port}")
        yield


async def ask(example: ModuleType, number: str, key: str = "key-1") -> dict[str, Any]:
    tool = ToolRegistry((example.OrderStatusTool,)).get("order_status")
    config = tool.metadata.config.model_validate({"shop": "acme", "api_key": key})
    arguments = tool.metadata.actions["find"].arguments.model_validate({"order_number": number})
    return await tool.execute("find", arguments, tool_context(config=config))


@pytest.mark.usefixtures("shop")
async def test_the_pages_example_works(example: ModuleType) -> None:
    assert await ask(example, " 1234 ") == {"message": "The order is on its way.", "expected": "Friday"}
    with caller_hears("no order with that number", error=ToolError):
        await ask(example, "9999")
    with caller_hears(error=UnavailableError):
        await ask(example, "1234", key="wrong")
    with pytest.raises(ValidationError):
        await ask(example, "twelve")


def test_the_pages_example_keeps_the_rules(example: ModuleType) -> None:
    [tool] = ToolRegistry((example.OrderStatusTool,)).all()

    assert list(for_gemini(tool.metadata.actions["find"].arguments)["properties"]) == ["order_number"]
    assert tool.metadata.config.model_json_schema()["properties"]["api_key"]["writeOnly"] is True


def test_the_page_lists_the_tools_that_the_platform_comes_with() -> None:
    [listed] = re.findall(r"```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = re.findall(r"^    (\w+),$", listed, re.MULTILINE)

    assert names == [*(tool.__name__ for tool in SHIPPED), "OrderStatusTool"]
    assert {*SHIPPED} <= {type(tool) for tool in ToolRegistry().all()}


def test_the_pages_seed_data_sets_the_example_up(example: ModuleType) -> None:
    [listed] = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    seed = ToolSeed.model_validate(yaml.safe_load(listed)["order_status"])

    config = example.OrderStatusTool.metadata.config
    assert set(seed.secrets) == set(secret_fields(config))
    assert config.model_validate(seed.config | seed.secrets).shop == "harbor"
