"""Each part's account may do what it needs; with secrets it may do nothing else; and who must gets in.

What is right stands in the deployment file, as Terraform granted it: the table in docs/security.md. Project,
secrets and functions are asked for their policies. What a folder or an organisation grants is not in them,
nor who is in a group: a finding says so, with the command that does look.
"""

import re
from collections.abc import Iterable

from operations.checks.finding import Finding, failed, ok, skipped
from operations.checks.functions import service_name
from operations.deployment import Deployment
from operations.operator import Operator
from shared.errors import UnavailableError
from shared.gateways.google_access import EVERYBODY, Access, Binding
from shared.services.secret_names import PREFIX

SECRETS = "secretmanager."
ON_PROJECT = frozenset({"secretmanager.secrets.create", "secretmanager.secrets.list"})
"""These act on the project, where a condition cannot name a secret."""
TENANTS_ONLY = re.compile(rf'resource\.name\.startsWith\("projects/\d+/secrets/{PREFIX}"\)')
GROUPS = ("group:", "domain:", "principalSet:")
INVOKER = "roles/run.invoker"
FUNCTIONS = ("incoming_call", "oauth", "tools_api")
"""Twilio, LiveKit, browsers and programs with keys have no account at Google: the functions check them."""


async def check_access(operator: Operator) -> list[Finding]:
    deployment = operator.deployment
    if not deployment.permissions:
        again = "terraform output -json deployment > deployment.json"
        return [skipped("iam", f"the deployment file does not say who may do what; {again}")]
    accounts = [deployment.service_accounts[part] for part in deployment.permissions]
    try:
        access = await operator.access().read(deployment.region, accounts, deployment.secret_readers)
    except UnavailableError as error:
        fix = "your account needs roles/iam.securityReviewer and roles/run.viewer on the project"
        return [failed("iam", str(error), fix)]
    return judge(deployment, access)


def judge(deployment: Deployment, access: Access) -> list[Finding]:
    parts = [finding for part in deployment.permissions for finding in _part(deployment, access, part)]
    secrets = [
        finding for secret in deployment.secret_readers for finding in _secret(deployment, access, secret)
    ]
    well = ok("iam secrets", f"{len(deployment.secret_readers)} are read by the parts that mount them")
    return [*parts, *(secrets or [well]), *_functions(deployment, access), _unseen(deployment, access)]


def _part(deployment: Deployment, access: Access, part: str) -> list[Finding]:
    check, email = f"iam {part}", deployment.service_accounts[part]
    account = access.accounts.get(email)
    if account is None:
        return [failed(check, f"{email} does not exist", "make deploy")]
    if account.disabled:
        return [failed(check, f"{email} is disabled", f"gcloud iam service-accounts enable {email}")]
    held = [binding for binding in access.project.bindings if f"serviceAccount:{email}" in binding.members]
    needed = deployment.permissions[part]
    missing = needed.difference(*(access.permissions[binding.role] for binding in held))
    findings = [failed(check, f"may not {_some(missing)}", "make deploy")] if missing else []
    for binding in held:
        if too_much := _too_much(binding, access.permissions[binding.role], needed):
            fix = (
                f"gcloud projects remove-iam-policy-binding {deployment.project_id} "
                f"--member=serviceAccount:{email} --role={binding.role} --all, then: make deploy"
            )
            findings.append(failed(check, f"{binding.role} {too_much}", fix))
    return findings or [ok(check, "may do what it needs, and nothing else with secrets")]


def _too_much(binding: Binding, permissions: frozenset[str], needed: frozenset[str]) -> str | None:
    on_secrets = {permission for permission in permissions if permission.startswith(SECRETS)}
    if more := on_secrets - needed:
        return f"also lets it {_some(more)}"
    expression = binding.condition.expression if binding.condition else ""
    if on_secrets - ON_PROJECT and not TENANTS_ONLY.fullmatch(expression):
        return "is not bound to the secrets of tenants"
    return None


def _secret(deployment: Deployment, access: Access, secret: str) -> list[Finding]:
    check, policy = f"iam secret {secret}", access.secrets.get(secret)
    if policy is None:
        return [failed(check, "does not exist", "make deploy")]
    account = {part: f"serviceAccount:{email}" for part, email in deployment.service_accounts.items()}
    readers = {account[part] for part in deployment.secret_readers[secret]}
    missing = sorted(readers - policy.members)
    strangers = policy.members & (EVERYBODY | set(account.values())) - readers
    return [
        *(
            failed(check, f"{each} may not read it, so it will not start again", "make deploy")
            for each in missing
        ),
        *(
            failed(check, f"{binding.role} lets {each} at it", _remove("secrets", secret, binding.role, each))
            for binding in policy.bindings
            for each in sorted(binding.members & strangers)
        ),
    ]


def _functions(deployment: Deployment, access: Access) -> list[Finding]:
    public = {name for name, is_public in access.services.items() if is_public}
    check, expected = "iam public functions", {service_name(part) for part in FUNCTIONS}
    closed = [
        failed(check, f"Cloud Run lets nobody call {name}", "make deploy")
        for name in sorted(expected - public)
    ]
    opened = [
        failed(check, f"{name} is open to everybody", _close(f"{name} --region={deployment.region}"))
        for name in sorted(public - expected)
        if name.startswith("trunkline-")
    ]
    return [*closed, *opened] or [ok(check, f"{len(expected)}, which check themselves who calls")]


def _unseen(deployment: Deployment, access: Access) -> Finding:
    groups = sorted(each for each in access.project.members if each.startswith(GROUPS))
    also = f", nor who is in {_some(groups)}, which may do something here" if groups else ""
    look = (
        "gcloud asset analyze-iam-policy --organization=ORGANISATION --expand-groups "
        "--permissions=secretmanager.versions.access "
        f"--full-resource-name=//cloudresourcemanager.googleapis.com/projects/{deployment.project_id}"
    )
    detail = f"what a folder or an organisation grants is not seen here{also}; to see it: {look}"
    return skipped("iam inherited", detail)


def _close(service: str) -> str:
    binding = _remove("run services", service, INVOKER, "allUsers")
    return f"{binding}; gcloud run services update {service} --invoker-iam-check"


def _remove(kind: str, name: str, role: str, member: str) -> str:
    return f"gcloud {kind} remove-iam-policy-binding {name} --member={member} --role={role}"


def _some(permissions: Iterable[str], at_most: int = 3) -> str:
    named = sorted(permissions)
    rest = len(named) - at_most
    return ", ".join(named[:at_most]) + (f" and {rest} more" if rest > 0 else "")
