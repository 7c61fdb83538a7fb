"""Who may do what, as Google's REST APIs tell it to googleapiclient with its bundled descriptions. Read only.

Cloud Resource Manager v3, IAM v1, Cloud Run v2 and Secret Manager v1, which share one address on the laptop.
What they tell is the stand-in's policy, in the bindings and roles that Terraform makes of it
(infra/terraform/modules/iam).
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiohttp import web

from local.google.api_error import ApiError, not_found, not_implemented
from local.google.iam import CREATE, DOCUMENTS, EVERYTHING, LIST, ON_PROJECT, PUBLIC, Policy
from local.google.rpc import Code, RpcError

CONDITIONS = 3
"""The version of policies that has them: https://cloud.google.com/iam/docs/policies#versions"""

_HTTP_STATUS = {Code.UNAUTHENTICATED: 401, Code.PERMISSION_DENIED: 403}
_SERVICES = "/v2/projects/{project}/locations/{location}/services"

Json = dict[str, Any]
Authorize = Callable[[str | None, str, str], None]
"""(authorization header, host of the real service, permission); raises `RpcError`."""
Handler = Callable[[web.Request], Awaitable[Json]]


class AccessControl:
    def __init__(
        self, policy: Policy, project: str, project_number: str, location: str, authorize: Authorize
    ) -> None:
        self._policy = policy
        self._project = project
        self._location = location
        self._authorize = authorize
        self._roles, self.bindings = self._as_terraform_grants(f"projects/{project_number}")
        self.disabled: set[str] = set()
        """Parts whose account was disabled by hand."""

    def routes(self) -> list[web.RouteDef]:
        served: list[tuple[str, str, str, str, Handler]] = [
            ("POST", "/v3/projects/{project}:getIamPolicy", "cloudresourcemanager",
             "resourcemanager.projects.getIamPolicy", self._project_policy),
            ("GET", "/v1/projects/{project}/roles/{id}", "iam", "iam.roles.get", self._role),
            ("GET", "/v1/projects/{project}/serviceAccounts/{id}", "iam",
             "iam.serviceAccounts.get", self._account),
            ("GET", "/v1/projects/{project}/secrets/{id}:getIamPolicy", "secretmanager",
             "secretmanager.secrets.getIamPolicy", self._secret_policy),
            ("GET", _SERVICES, "run", "run.services.list", self._services),
            ("GET", f"{_SERVICES}/{{id}}:getIamPolicy", "run",
             "run.services.getIamPolicy", self._service_policy),
        ]  # fmt: skip
        return [
            *(
                web.route(verb, path, self._authorized(f"{host}.googleapis.com", permission, handler))
                for verb, path, host, permission, handler in served
            ),
            web.route("*", "/{version:v[123]}/{kind:projects|roles}{rest:.*}", _not_served),
        ]

    def _as_terraform_grants(self, numbered: str) -> tuple[dict[str, frozenset[str]], list[Json]]:
        """Permissions of each custom role by its full name, and the project's bindings."""
        roles: dict[str, frozenset[str]] = {}
        bindings: list[Json] = []
        documents = f'resource.name == "projects/{self._project}/databases/(default)"'
        tenants = f'resource.name.startsWith("{numbered}/secrets/trunkline-")'
        for part, granted in self._policy.grants.items():
            member = self._member(part)
            if EVERYTHING in granted:
                bindings.append({"role": "roles/owner", "members": [member]})
                continue
            wanted = [
                ("documents", DOCUMENTS, documents),
                ("secret.creator", frozenset({CREATE}), None),
                ("secret.lister", frozenset({LIST}), None),
                (f"{part.replace('-', '_')}.secrets", frozenset(filter(_on_secret, granted)), tenants),
            ]
            for role_id, permissions, condition in wanted:
                if permissions and permissions <= granted:
                    role = f"projects/{self._project}/roles/trunkline.{role_id}"
                    roles[role] = permissions
                    about = {"condition": {"title": role_id, "expression": condition}} if condition else {}
                    bindings.append({"role": role, "members": [member], **about})
        return roles, bindings

    def _authorized(self, host: str, permission: str, handler: Handler) -> Any:
        async def handle(request: web.Request) -> web.Response:
            try:
                self._authorize(request.headers.get("Authorization"), host, permission)
                if request.match_info["project"] != self._project:
                    raise not_found()
                return web.json_response(await handler(request))
            except RpcError as error:
                status = _HTTP_STATUS[error.code]
                return ApiError(status, "forbidden", str(error), grpc_status=error.code.name).response()
            except ApiError as error:
                return error.response()

        return handle

    async def _project_policy(self, request: web.Request) -> Json:
        options = (await request.json()).get("options", {})
        if options.get("requestedPolicyVersion") != CONDITIONS:
            raise not_implemented("policies without their conditions")
        return {"version": CONDITIONS, "etag": "BwWWja0YfJA=", "bindings": self.bindings}

    async def _role(self, request: web.Request) -> Json:
        name = request.path.removeprefix("/v1/")
        if name not in self._roles:
            raise not_found()
        return {"name": name, "stage": "GA", "includedPermissions": sorted(self._roles[name])}

    async def _account(self, request: web.Request) -> Json:
        part, _, host = request.match_info["id"].partition("@")
        if part not in self._policy.grants or host != f"{self._project}.iam.gserviceaccount.com":
            raise not_found()
        email = request.match_info["id"]
        name = f"projects/{self._project}/serviceAccounts/{email}"
        return {"name": name, "email": email} | ({"disabled": True} if part in self.disabled else {})

    async def _secret_policy(self, request: web.Request) -> Json:
        readers = self._policy.readers.get(request.match_info["id"])
        if readers is None:
            raise not_found()
        return _policy_of("roles/secretmanager.secretAccessor", map(self._member, sorted(readers)))

    async def _services(self, request: web.Request) -> Json:
        if request.match_info["location"] != self._location:
            return {}
        parent = f"projects/{self._project}/locations/{self._location}/services"
        return {"services": [{"name": f"{parent}/{name}"} for name in sorted(PUBLIC | self._policy.public)]}

    async def _service_policy(self, request: web.Request) -> Json:
        if request.match_info["id"] not in PUBLIC | self._policy.public:
            raise not_found()
        public = request.match_info["id"] in self._policy.public
        return _policy_of("roles/run.invoker", ["allUsers"] if public else [])

    def _member(self, part: str) -> str:
        return f"serviceAccount:{part}@{self._project}.iam.gserviceaccount.com"


def _on_secret(permission: str) -> bool:
    return permission.startswith("secretmanager.") and permission not in ON_PROJECT


def _policy_of(role: str, members: Iterable[str]) -> Json:
    """As of a resource with no other binding; without any, Google leaves the field out."""
    bound = list(members)
    policy: Json = {"version": 1, "etag": "BwWWja0YfJA="}
    return policy | ({"bindings": [{"role": role, "members": bound}]} if bound else {})


async def _not_served(request: web.Request) -> web.Response:
    return not_implemented(f"{request.method} {request.path}").response()
