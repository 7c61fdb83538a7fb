"""Who may do what in a Google Cloud project, read through Google's own client library. Nothing is changed.

Policies are the project's own: what an organisation or a folder grants to all of its projects is not in them.
"""

# The library comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

import asyncio
from collections.abc import Iterable
from typing import Any

import google.auth
import google_auth_httplib2
import httplib2
from google.auth.exceptions import GoogleAuthError
from googleapiclient import discovery
from googleapiclient.errors import HttpError
from pydantic import BaseModel, Field, ValidationError

from shared.errors import UnavailableError

REQUEST_TIMEOUT_SECONDS = 10
TIMEOUT_SECONDS = 90
"""For all of it: some thirty requests, one after the other."""
RETRIES = 2
CONDITIONS = 3
"""The version of policies that has them: https://cloud.google.com/iam/docs/policies#versions"""
EVERYBODY = frozenset({"allUsers", "allAuthenticatedUsers"})

_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


class Condition(BaseModel):
    expression: str


class Binding(BaseModel):
    role: str
    members: frozenset[str] = frozenset()
    condition: Condition | None = None


class Policy(BaseModel):
    bindings: list[Binding] = Field(default_factory=list[Binding])

    @property
    def members(self) -> frozenset[str]:
        return frozenset(member for binding in self.bindings for member in binding.members)


class Role(BaseModel):
    included_permissions: frozenset[str] = Field(frozenset(), alias="includedPermissions")
    deleted: bool = False


class Account(BaseModel):
    disabled: bool = False


class Access(BaseModel):
    """What was read."""

    project: Policy
    permissions: dict[str, frozenset[str]]
    """Of each role that one of the accounts has on the project."""
    accounts: dict[str, Account]
    """By e-mail; without those that do not exist."""
    secrets: dict[str, Policy]
    """By id; without those that do not exist."""
    services: dict[str, bool]
    """Cloud Run's, by name: whether everybody may call it."""


class AccessGateway:
    def __init__(self, project: str, endpoint: str | None = None) -> None:
        """`endpoint` is a URL without a path; None is Google's own, of each API."""
        self._project = f"projects/{project}"
        self._endpoint = endpoint

    async def read(self, region: str, accounts: Iterable[str], secrets: Iterable[str]) -> Access:
        """`accounts` are e-mails, `secrets` ids. Raises `UnavailableError`, also when it may not be read."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await asyncio.to_thread(self._read, region, frozenset(accounts), frozenset(secrets))
        except HttpError as error:
            raise UnavailableError(f"{error.uri}: {error.reason}") from error
        except (GoogleAuthError, httplib2.HttpLib2Error, OSError, ValidationError) as error:
            raise UnavailableError(f"access control: {error}") from error

    def _read(self, region: str, accounts: frozenset[str], secrets: frozenset[str]) -> Access:
        """Blocks."""
        credentials, _ = google.auth.default(scopes=_SCOPES)
        transport = httplib2.Http(timeout=REQUEST_TIMEOUT_SECONDS)
        http = google_auth_httplib2.AuthorizedHttp(credentials, http=transport)
        manager, iam, secret_manager, run = (
            self._api(http, *each)
            for each in (
                ("cloudresourcemanager", "v3"),
                ("iam", "v1"),
                ("secretmanager", "v1"),
                ("run", "v2"),
            )
        )
        body = {"options": {"requestedPolicyVersion": CONDITIONS}}
        project = Policy.model_validate(
            _answer(manager.projects().getIamPolicy(resource=self._project, body=body))
        )
        members = {f"serviceAccount:{email}" for email in accounts}
        roles = {binding.role for binding in project.bindings if binding.members & members}
        known, kept = iam.projects().serviceAccounts(), secret_manager.projects().secrets()
        return Access(
            project=project,
            permissions={role: _permissions(iam, role) for role in roles},
            accounts={
                email: Account.model_validate(found)
                for email in accounts
                if (found := _found(known.get(name=f"{self._project}/serviceAccounts/{email}"))) is not None
            },
            secrets={
                secret: Policy.model_validate(found)
                for secret in secrets
                if (found := _found(kept.getIamPolicy(resource=f"{self._project}/secrets/{secret}")))
                is not None
            },
            services=_services(run, f"{self._project}/locations/{region}"),
        )

    def _api(self, http: Any, name: str, version: str) -> Any:
        """From the description of the API that comes with the library."""
        own = {"api_endpoint": f"{self._endpoint}/"} if self._endpoint else None
        return discovery.build(name, version, http=http, static_discovery=True, client_options=own)


def _services(run: Any, location: str) -> dict[str, bool]:
    """Cloud Run's services, by name: whether everybody may call them."""
    services = run.projects().locations().services()
    public: dict[str, bool] = {}
    request = services.list(parent=location)
    while request is not None:
        page = _answer(request)
        for service in page.get("services", []):
            policy = Policy.model_validate(_answer(services.getIamPolicy(resource=service["name"])))
            open_to_all = service.get("invokerIamDisabled", False) or bool(policy.members & EVERYBODY)
            public[service["name"].rpartition("/")[2]] = open_to_all
        request = services.list_next(request, page)
    return public


def _permissions(iam: Any, name: str) -> frozenset[str]:
    """Of a predefined role, or one of the project's or its organisation's; a deleted one gives none."""
    owner = name.partition("/")[0]
    roles = iam.roles() if owner == "roles" else getattr(iam, owner)().roles()
    role = Role.model_validate(_found(roles.get(name=name)) or {"deleted": True})
    return frozenset() if role.deleted else role.included_permissions


def _found(request: Any) -> dict[str, Any] | None:
    try:
        return _answer(request)
    except HttpError as error:
        if error.status_code == 404:
            return None
        raise


def _answer(request: Any) -> dict[str, Any]:
    return request.execute(num_retries=RETRIES)
