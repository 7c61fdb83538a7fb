"""The steps of a deployment. Each may be repeated: what is there already stays as it is."""

import json
import re
import sys
from collections.abc import Callable
from getpass import getpass
from typing import Any

from operations.deploy.dashboard import allow_former_pages, upload_dashboard
from operations.deploy.shell import TERRAFORM, DeployError, Shell

RELEASES = TERRAFORM / "releases.auto.tfvars.json"
"""Which images run. Written here and by whoever makes releases; the rest is in terraform.tfvars."""

SECRETS = TERRAFORM / "secrets.auto.tfvars.json"
"""Which versions of the deployment's secrets are mounted: their numbers, no values."""

FIRST_RELEASE = "blue"

# What has to be there before images can be pushed and functions can start.
BASE = ("google_project_service.this", "module.registry", "module.storage", "module.iam", "module.secrets")

_NOT_PUSHED_YET = "registry.invalid/worker:not-pushed-yet"
_PROGRAMS = ("docker", "gcloud", "git", "npm", "terraform")


def deploy(shell: Shell, ask: Callable[[str], str], *, release: str | None, approved: bool) -> None:
    """Everything, in order. `ask` asks for a secret; `approved`: Terraform changes things without asking."""
    check(shell)
    require_commit(shell)
    shell.title("Package the functions")
    shell.run(sys.executable, "-m", "operations.packaging")
    shell.title("Build the dashboard")
    shell.run("make", "dashboard")
    shell.title("Prepare Terraform")
    shell.terraform("init", "-input=false", "-backend-config=backend.hcl")
    shell.title("Make what the rest needs: registry, buckets, accounts, empty secrets")
    approval = ["-auto-approve"] if approved else []
    shell.terraform("apply", *approval, *(f"-target={one}" for one in BASE), *_first_variables())
    add_secrets(shell, ask)
    shell.title("Build and push the worker's image")
    set_image(release, push_image(shell), dry_run=shell.dry_run)
    allow_former_pages(shell)
    shell.title("Make everything")
    shell.terraform("apply", *approval)
    upload_dashboard(shell)
    say_what_is_next(shell)


def check(shell: Shell) -> None:
    shell.title("Check this machine")
    shell.require(_PROGRAMS)
    for name in ("terraform.tfvars", "backend.hcl"):
        if not (TERRAFORM / name).exists():
            example = f"infra/terraform/examples/minimal/{name}"
            text = f"There is no infra/terraform/{name}. Copy {example} and fill it in: docs/deploy.md."
            if not shell.dry_run:
                raise DeployError(text)
            shell.note(text)


def require_commit(shell: Shell) -> None:
    """Said before anything is made, not when the image's turn comes."""
    if shell.read("git", "status", "--porcelain", instead=""):
        raise DeployError("There are changes that are not committed: an image is named after its commit.")


def _first_variables() -> list[str]:
    """Before there is an image, Terraform needs something to name."""
    if RELEASES.exists():
        return []
    releases = {FIRST_RELEASE: {"image": _NOT_PUSHED_YET}}
    return [f"-var=worker_releases={json.dumps(releases)}", f"-var=live_release={FIRST_RELEASE}"]


def add_secrets(shell: Shell, ask: Callable[[str], str], *, anew: bool = False) -> None:
    """Asks for what has no value yet; `anew`: for all of them. Enter leaves a value as it is.

    The next apply has functions and workers start with the newest values. Without their numbers it would see
    no change, and instances that run would keep a value that was replaced.
    """
    shell.title("Add the secrets' values")
    project = shell.output("project_id", instead="PROJECT")
    versions: dict[str, str] = {}
    for secret in shell.output("secrets", instead=["SECRET"]):
        if version := _add_secret(shell, project, secret, ask, anew=anew):
            versions[secret] = version
    if not shell.dry_run:
        SECRETS.write_text(json.dumps({"secret_versions": versions}, indent=2) + "\n", encoding="utf-8")
    if anew:
        shell.note("`make deploy` has functions and workers start with them")


def _add_secret(shell: Shell, project: str, secret: str, ask: Callable[[str], str], *, anew: bool) -> str:
    """The number of the newest version."""
    there = _newest_version(shell, project, secret)
    if there and not anew:
        shell.note(f"{secret} has a value")
        return there
    value = "" if shell.dry_run else ask(f"   {secret}: ")
    if not value and not shell.dry_run:
        if there:
            return there
        raise DeployError(f"{secret} needs a value before functions and workers can start.")
    shell.run(
        *("gcloud", "secrets", "versions", "add", secret, f"--project={project}", "--data-file=-"),
        secret=value,
    )
    return _newest_version(shell, project, secret)


def _newest_version(shell: Shell, project: str, secret: str) -> str:
    """Empty: there is none that can be read."""
    name = shell.read(
        *("gcloud", "secrets", "versions", "list", secret, f"--project={project}"),
        *("--filter=state=ENABLED", "--sort-by=~createTime", "--limit=1", "--format=value(name)"),
        instead="",
    )
    return name.rpartition("/")[2]


def push_image(shell: Shell) -> str:
    """The image's name, with the commit as its tag."""
    registry = shell.output("artifact_registry", instead="REGISTRY")
    commit = shell.read("git", "rev-parse", "--short=12", "HEAD", instead="COMMIT")
    image = f"{registry}/worker:{commit}"
    host = str(registry).partition("/")[0]
    shell.run("gcloud", "auth", "configure-docker", "--quiet", host)
    shell.run("docker", "build", "--platform=linux/amd64", "--file=worker/Dockerfile", f"--tag={image}", ".")
    shell.run("docker", "push", image)
    return image


def set_image(release: str | None, image: str, *, dry_run: bool) -> None:
    """Has `release` (the live one, if None) run `image` with the next apply.

    A new release is as big as the live one, whose calls it is to take over.
    """
    content: dict[str, Any] = {"live_release": FIRST_RELEASE, "worker_releases": {}}
    if RELEASES.exists():
        content = json.loads(RELEASES.read_text(encoding="utf-8"))
    name = release or str(content["live_release"])
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", name):
        raise DeployError("A release's name is at most 20 lower case letters, digits and hyphens.")
    releases: dict[str, dict[str, Any]] = content["worker_releases"]
    live = releases.get(str(content["live_release"]), {})
    like_live = {key: value for key, value in live.items() if key not in ("image", "agent_name")}
    releases.setdefault(name, like_live)["image"] = image
    if not dry_run:
        RELEASES.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def say_what_is_next(shell: Shell) -> None:
    shell.title("What is left to do by hand")
    for name, address in shell.output("dns", instead={"DOMAIN": "ADDRESS"}).items():
        shell.note(f"DNS: an A record for {name} with {address}")
    for name, url in shell.output("webhooks", instead={"WEBHOOK": "URL"}).items():
        shell.note(f"{name}: {url}")


def ask_hidden(prompt: str) -> str:
    """Raises `DeployError` where nobody can be asked."""
    if not sys.stdin.isatty():
        raise DeployError("Values of secrets are asked for: run `make secrets` in a terminal first.")
    try:
        return getpass(prompt)
    except EOFError:  # Ctrl-D: no more than Enter
        return ""
