"""The dashboard's pages and the policy under which the load balancer hands them out.

The policy names the hashes of the pages' inline scripts, and changes at another moment than the pages do. So
it allows the scripts of the former pages as well, and the new ones are uploaded when it is seen to have
changed.
"""

import json
import re
import time
from typing import Any

from operations.deploy.shell import ROOT, TERRAFORM, DeployError, Shell

PAGES = ROOT / "dashboard" / "out"
HEADERS = PAGES / "headers.json"

POLICY = TERRAFORM / "dashboard.auto.tfvars.json"
"""The hashes of the former pages' scripts, for Terraform."""

POLICY_HEADER = "Content-Security-Policy"
_HASH = re.compile(r"'sha256-[A-Za-z0-9+/=]+'")

SPREAD_SECONDS, LOOK_EVERY_SECONDS = 300, 5
"""A load balancer's change takes a minute or two to be everywhere."""


def allow_former_pages(shell: Shell) -> None:
    """With the next apply. What is in the bucket is what browsers get until the upload."""
    shell.title("Look at the pages that are there")
    project = shell.output("project_id", instead="PROJECT")
    bucket = f"{project}-dashboard"
    headers = "{}"
    if _is_there(shell, "buckets", "list", f"--project={project}", f"--filter=name={bucket}"):
        name = f"gs://{bucket}/headers.json"
        if _is_there(shell, "objects", "list", f"gs://{bucket}", "--filter=name=headers.json"):
            headers = shell.read("gcloud", "storage", "cat", name, instead="{}")
    former = sorted(_hashes(json.loads(headers)))
    shell.note(f"{len(former)} scripts of the former pages stay allowed")
    if not shell.dry_run:
        content = {"former_dashboard_hashes": former}
        POLICY.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def upload_dashboard(shell: Shell) -> None:
    shell.title("Upload the dashboard")
    bucket = shell.output("dashboard_bucket", instead="BUCKET")
    if bucket is None:
        shell.note("There is no own domain (edge), so the dashboard is not hosted.")
        return
    _wait_for_policy(shell)
    copy = ("gcloud", "storage", "rsync", "--recursive")
    # Files with a hash in their name first: a page must not name what is not there yet.
    shell.run(
        *copy,
        "--cache-control=public, max-age=31536000, immutable",
        f"{PAGES.relative_to(ROOT)}/_next/static",
        f"gs://{bucket}/_next/static",
    )
    # config.json is Terraform's.
    shell.run(
        *copy,
        "--cache-control=no-cache",
        "--exclude=^(_next/static/.*|config\\.json|headers\\.json)$",
        str(PAGES.relative_to(ROOT)),
        f"gs://{bucket}",
    )
    # Last: it tells the next deployment which pages are there.
    shell.run(
        *("gcloud", "storage", "cp", "--cache-control=no-store"),
        *(f"{PAGES.relative_to(ROOT)}/headers.json", f"gs://{bucket}/headers.json"),
    )


def _wait_for_policy(shell: Shell) -> None:
    """Until the pages that are about to come may run. A host that nobody reaches has no pages to break."""
    if shell.dry_run:
        return
    address = shell.output("deployment", instead={})["urls"]["dashboard"]
    due = _hashes(json.loads(HEADERS.read_text(encoding="utf-8")))
    waited = 0
    while (policy := shell.header(address, POLICY_HEADER)) is not None:
        if due <= set(_HASH.findall(policy)):
            return
        if waited >= SPREAD_SECONDS:
            raise DeployError(f"{address} still has another {POLICY_HEADER}: run this again in some minutes.")
        if not waited:
            shell.note("waiting for the load balancer to allow the new pages' scripts")
        time.sleep(LOOK_EVERY_SECONDS)
        waited += LOOK_EVERY_SECONDS
    shell.note(f"{address} does not answer yet")


def _hashes(headers: dict[str, Any]) -> set[str]:
    """Of all pages' inline scripts, by `headers.json`."""
    return {each for page in headers.get("pages", {}).values() for each in _HASH.findall(page[POLICY_HEADER])}


def _is_there(shell: Shell, *listing: str) -> bool:
    return bool(shell.read("gcloud", "storage", *listing, "--format=value(name)", instead=""))
