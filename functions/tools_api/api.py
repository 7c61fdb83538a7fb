"""What the API works with: settings, services and gateways, made once for an event loop."""

from collections.abc import Callable
from datetime import datetime
from typing import Self

from functions.tools_api.settings import ApiSettings
from shared.gateways.cloud_tasks import CloudTasksGateway
from shared.gateways.firestore import Database, firestore_client
from shared.gateways.gemini_speech import GeminiSpeechGateway
from shared.gateways.livekit import LiveKitGateway
from shared.gateways.secret_manager import SecretManagerGateway
from shared.gateways.twilio import TwilioGateway
from shared.models.base import utc_now
from shared.request_limits import RateLimit
from shared.services.agent_service import AgentService
from shared.services.api_key_service import ApiKeyService
from shared.services.audit_service import AuditService
from shared.services.call_control_service import CallControlService
from shared.services.call_query_service import CallQueryService
from shared.services.identity import IdentityService
from shared.services.members import MemberService
from shared.services.number_service import NumberService
from shared.services.preview_service import PreviewService
from shared.services.secret_removal import SecretRemovalQueue
from shared.services.secret_store import ToolSecretStore
from shared.services.team_service import TeamService
from shared.services.tool_catalog import ToolCatalog
from shared.services.tool_service import ToolService
from shared.tools.base.registry import ToolRegistry


class Api:
    """Holds clients and nothing of any request but how many a sender has made lately."""

    def __init__(
        self,
        settings: ApiSettings,
        database: Database,
        secrets: SecretManagerGateway,
        livekit: LiveKitGateway,
        twilio: TwilioGateway,
        tasks: CloudTasksGateway,
        *,
        registry: ToolRegistry | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.settings = settings
        self.gateways = (database, secrets, livekit, twilio, tasks)
        registry = registry or ToolRegistry()
        stored_secrets = ToolSecretStore(secrets)
        removal = SecretRemovalQueue(tasks, settings.oauth_url, now=now)
        self.rate_limit = RateLimit.of(settings)
        self.identity = IdentityService(settings.issuers, settings.user_token_audience)
        self.members = MemberService(database)
        self.api_keys = ApiKeyService(database, now=now)
        self.audit = AuditService(database, now=now)
        self.catalog = ToolCatalog(registry)
        self.agents = AgentService(database, stored_secrets, removal, now=now)
        self.team = TeamService(database, now=now)
        self.tools = ToolService(database, stored_secrets, removal, registry, now=now)
        self.calls = CallQueryService(database, now=now)
        self.call_control = CallControlService(database, livekit, twilio, settings, now=now)
        self.numbers = NumberService(database, twilio, settings.incoming_call_url, now=now)
        self.speech = _speech(settings)
        self.previews = PreviewService(database, registry, now=now)

    @classmethod
    def connect(cls, settings: ApiSettings, registry: ToolRegistry | None = None) -> Self:
        """Needs a running loop. Nothing is sent yet. `registry` is the product's own unless given."""
        return cls(
            settings,
            Database(firestore_client(settings.google_cloud_project)),
            SecretManagerGateway(
                settings.google_cloud_project, settings.secret_manager_endpoint, settings.locations
            ),
            LiveKitGateway(settings),
            TwilioGateway(settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_api_url),
            CloudTasksGateway(
                settings.tasks_queue, settings.tasks_service_account, settings.cloud_tasks_endpoint
            ),
            registry=registry,
        )

    async def aclose(self) -> None:
        _, secrets, livekit, twilio, tasks = self.gateways
        await tasks.aclose()
        await livekit.aclose()
        await twilio.aclose()
        await secrets.aclose()


def _speech(settings: ApiSettings) -> GeminiSpeechGateway | None:
    if settings.gemini_api_key is None:
        return None
    return GeminiSpeechGateway(
        settings.gemini_api_key, settings.google_gemini_base_url, settings.gemini_speech_model
    )
