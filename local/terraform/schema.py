"""The stand-in's knowledge: the real provider's own description of the resources that infra/terraform uses.

`google.json` is what `terraform providers schema -json` says, without descriptions and without what we do not
use. `describe()` makes it from the real provider; a test says when a resource is used that it does not hold.
google_monitoring_uptime_check_config alone was written down from the provider's source: the provider itself
was out of reach.
"""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).with_name("google.json")
ROOT = Path(__file__).parents[2] / "infra" / "terraform"
ADDRESS = "registry.terraform.io/hashicorp/google"

_TIMEOUT_SECONDS = 120
_BLOCK = re.compile(r'^(resource|data) "(google_[a-z0-9_]+)"', re.MULTILINE)
_KEPT = frozenset({"type", "required", "optional", "computed", "sensitive", "write_only", "deprecated"})

_ASK = """
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "%s"
    }
  }
}
"""


def used_types() -> tuple[frozenset[str], frozenset[str]]:
    """(resources, data sources) that the modules use."""
    found = {kind: set[str]() for kind in ("resource", "data")}
    for file in ROOT.rglob("*.tf"):
        for kind, name in _BLOCK.findall(file.read_text(encoding="utf-8")):
            found[kind].add(name)
    return frozenset(found["resource"]), frozenset(found["data"])


def describe(version: str = "7.30.0") -> dict[str, Any]:
    """Asks the real provider: the oldest one that the modules allow, so that nothing newer is relied on."""
    terraform = shutil.which("terraform")
    if terraform is None:
        raise FileNotFoundError("terraform is not on PATH")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "main.tf").write_text(_ASK % version, encoding="utf-8")
        for arguments in (["init", "-input=false", "-no-color"], ["providers", "schema", "-json"]):
            done = subprocess.run(
                [terraform, *arguments],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
            if done.returncode:
                raise RuntimeError(done.stderr)
    google = json.loads(done.stdout)["provider_schemas"][ADDRESS]
    resources, data_sources = used_types()
    return {
        "version": version,
        "provider": _reduced(google["provider"]),
        "resources": {name: _reduced(google["resource_schemas"][name]) for name in sorted(resources)},
        "data_sources": {
            name: _reduced(google["data_source_schemas"][name]) for name in sorted(data_sources)
        },
    }


def write(schema: dict[str, Any]) -> None:
    """One line a type, so that a change of one shows as such."""

    def lines(types: dict[str, Any]) -> str:
        return ",\n".join(f"{json.dumps(name)}: {_compact(types[name])}" for name in types)

    SCHEMA.write_text(
        f'{{"version": {json.dumps(schema["version"])},\n"provider": {_compact(schema["provider"])},\n'
        f'"resources": {{\n{lines(schema["resources"])}\n}},\n'
        f'"data_sources": {{\n{lines(schema["data_sources"])}\n}}}}\n',
        encoding="utf-8",
    )


def load() -> dict[str, Any]:
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def _reduced(schema: dict[str, Any]) -> dict[str, Any]:
    return {"version": schema["version"], "block": _block(schema["block"])}


def _block(block: dict[str, Any]) -> dict[str, Any]:
    attributes = {
        name: {key: value for key, value in attribute.items() if key in _KEPT}
        for name, attribute in block.get("attributes", {}).items()
    }
    blocks = {
        name: {
            **{key: nested[key] for key in ("nesting_mode", "min_items", "max_items") if key in nested},
            "block": _block(nested["block"]),
        }
        for name, nested in block.get("block_types", {}).items()
    }
    return {"attributes": attributes, "block_types": blocks}
