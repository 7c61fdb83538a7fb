"""Puts the stand-in where Terraform looks for providers.

https://developer.hashicorp.com/terraform/cli/config/config-file#filesystem_mirror
"""

import platform
import shlex
from pathlib import Path

from local.terraform.schema import ADDRESS, load

_CONFIGURATION = """\
provider_installation {
  filesystem_mirror {
    path = "%s"
  }
}
"""


def make_mirror(folder: Path, python: str) -> Path:
    """The file to name in TF_CLI_CONFIG_FILE; set TF_DISABLE_PLUGIN_TLS=1 as well.

    The stand-in takes the version of the provider that it describes. Providers come from this mirror alone.
    """
    folder = folder.resolve()
    version = load()["version"]
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    package = folder / ADDRESS / version / f"{platform.system().lower()}_{architecture}"
    package.mkdir(parents=True, exist_ok=True)
    program = package / f"terraform-provider-google_v{version}"
    root = Path(__file__).parents[2]
    program.write_text(
        "#!/bin/sh\n"
        "# A stand-in for hashicorp/google: its schema and nothing else.\n"
        f"PYTHONPATH={shlex.quote(str(root))} exec {shlex.quote(python)} -m local.terraform.provider\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    configuration = folder / "terraform.rc"
    configuration.write_text(_CONFIGURATION % folder, encoding="utf-8")
    return configuration
