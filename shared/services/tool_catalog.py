"""The registered tools as people see them: everything here is derived from `ToolMetadata`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from pydantic import BaseModel

from shared.tools.base.base_tool import ToolMetadata, holds_secret
from shared.tools.base.gemini_schema import function_name
from shared.tools.base.registry import ToolRegistry

LONG_TEXT = 255
"""Texts that may be longer than this get several lines in a form."""

ENGLISH = "en"

Schema = dict[str, Any]


@dataclass(frozen=True)
class CatalogAction:
    name: str
    function: str
    """What the model calls."""
    display_name: str
    description: str
    read_only: bool


@dataclass(frozen=True)
class CatalogTool:
    slug: str
    language: str
    """Of everything that people read; what has no translation is in English all the same."""
    display_name: str
    description: str
    config_schema: Schema
    """JSON Schema (2020-12); secret fields have `writeOnly`."""
    ui_schema: Schema
    """Hints for forms, as react-jsonschema-form reads them."""
    secret_fields: list[str]
    provider: str | None
    """Of the account that has to be connected; None: the tool needs none."""
    scopes: list[str]
    scope_texts: dict[str, str]
    """What each permits, in words; a scope without any is left out."""
    actions: list[CatalogAction]


class ToolCatalog:
    """Made once: nothing in it changes while the process lives."""

    def __init__(self, registry: ToolRegistry) -> None:
        self._tools = [_in_languages(tool.metadata) for tool in registry.all()]

    def all(self, language: str = ENGLISH) -> list[CatalogTool]:
        """Of each tool what there is in that language, else in English."""
        return [versions.get(language, versions[ENGLISH]) for versions in self._tools]


def secret_fields(config: type[BaseModel]) -> list[str]:
    """Names of the fields that hold a `SecretStr`, optional ones included."""
    return [name for name, field in config.model_fields.items() if holds_secret(field.annotation)]


def first_sentence(description: str) -> str:
    """Of an action: what is done. The others tell the model how to go about it."""
    return re.split(r"(?<=[.!?])\s", description, maxsplit=1)[0]


def _in_languages(metadata: ToolMetadata) -> dict[str, CatalogTool]:
    english = _described(metadata)
    translated = {
        language: _translated(english, language, words) for language, words in metadata.translations.items()
    }
    return {ENGLISH: english, **translated}


def _translated(tool: CatalogTool, language: str, words: Mapping[str, str]) -> CatalogTool:
    def said(text: str) -> str:
        return words.get(text, text)

    actions = [
        replace(
            action,
            display_name=said(action.display_name),
            description=words.get(first_sentence(action.description), action.description),
        )
        for action in tool.actions
    ]
    return replace(
        tool,
        language=language,
        display_name=said(tool.display_name),
        description=said(tool.description),
        config_schema=_translated_schema(tool.config_schema, words),
        scope_texts={scope: said(text) for scope, text in tool.scope_texts.items()},
        actions=actions,
    )


def _translated_schema(node: Any, words: Mapping[str, str]) -> Any:
    """Titles and descriptions, at whatever depth."""
    if isinstance(node, list):
        return [_translated_schema(each, words) for each in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    return {
        key: words.get(value, value)
        if key in {"title", "description"} and isinstance(value, str)
        else _translated_schema(value, words)
        for key, value in cast("Schema", node).items()
    }


def _described(metadata: ToolMetadata) -> CatalogTool:
    schema = _without_docstrings(metadata.config.model_json_schema())
    connection = metadata.connection
    return CatalogTool(
        slug=metadata.slug,
        language=ENGLISH,
        display_name=metadata.display_name,
        description=metadata.description,
        config_schema=schema,
        ui_schema=_ui_schema(schema),
        secret_fields=secret_fields(metadata.config),
        provider=connection.provider if connection else None,
        scopes=list(connection.scopes) if connection else [],
        scope_texts=dict(connection.scope_texts) if connection else {},
        actions=[
            CatalogAction(
                name,
                function_name(metadata.slug, name, metadata.actions),
                action.display_name or name.replace("_", " "),
                action.description,
                action.read_only,
            )
            for name, action in metadata.actions.items()
        ],
    )


def _without_docstrings(schema: Schema) -> Schema:
    """pydantic makes a model's its description, which a form would show: it is for who reads the code."""
    definitions = cast("dict[str, Schema]", schema.get("$defs", {}))
    for model in (schema, *definitions.values()):
        model.pop("description", None)
    return schema


def _ui_schema(schema: Schema) -> Schema:
    """https://rjsf-team.github.io/react-jsonschema-form/docs/api-reference/uiSchema"""
    properties = cast("dict[str, Schema]", schema.get("properties", {}))
    hints: Schema = {"ui:order": list(properties)}
    for name, field in properties.items():
        options = [field, *cast("list[Schema]", field.get("anyOf", []))]
        if any(option.get("writeOnly") for option in options):
            hints[name] = {"ui:widget": "password", "ui:autocomplete": "off"}
        elif any(option.get("maxLength", 0) > LONG_TEXT for option in options):
            hints[name] = {"ui:widget": "textarea"}
    return hints
