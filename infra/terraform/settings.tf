# What each part is told through its environment. The names are those of functions/*/settings.py and
# worker/settings.py; a test starts each part's settings from what is planned here.

locals {
  labels = merge(var.labels, { app = "trunkline" })

  names = { incoming_call = "trunkline-incoming-call", oauth = "trunkline-oauth", tools_api = "trunkline-tools-api" }

  # Known before the functions exist, so that each can be told its own address and the others'.
  urls = {
    for part, name in local.names :
    part => var.edge == null ? "https://${name}-${data.google_project.this.number}.${var.region}.run.app" : "https://${var.edge.api_domain}"
  }
  dashboard_origin = var.edge == null ? var.dashboard_origin : "https://${var.edge.dashboard_domain}"

  sign_in = {
    issuer   = var.sign_in == null ? module.identity[0].issuer : var.sign_in.issuer
    audience = var.sign_in == null ? module.identity[0].audience : var.sign_in.client_id
  }

  # A load balancer writes its own address behind the sender's (docs/security.md).
  request_limit_environment = var.edge == null ? {} : { PROXIES_IN_FRONT = "1" }

  agent_names = { for name, release in var.worker_releases : name => coalesce(release.agent_name, "trunkline-${name}") }

  livekit_environment = {
    LIVEKIT_URL     = var.livekit.url
    LIVEKIT_API_KEY = var.livekit.api_key
  }

  # Of those who make tenants' secrets.
  secret_environment = length(var.secret_locations) == 0 ? {} : { SECRET_LOCATIONS = join(",", var.secret_locations) }

  sign_in_environment = {
    USER_TOKEN_ISSUERS  = local.sign_in.issuer
    USER_TOKEN_AUDIENCE = local.sign_in.audience
  }

  oauth_client_environment = merge(
    var.google_oauth_client_id == null ? {} : { GOOGLE_OAUTH_CLIENT_ID = var.google_oauth_client_id },
    var.oauth2_provider == null ? {} : {
      for key, value in {
        OAUTH2_PROVIDER               = var.oauth2_provider.name
        OAUTH2_DISPLAY_NAME           = var.oauth2_provider.display_name
        OAUTH2_CLIENT_ID              = var.oauth2_provider.client_id
        OAUTH2_AUTH_URI               = var.oauth2_provider.auth_uri
        OAUTH2_TOKEN_URI              = var.oauth2_provider.token_uri
        OAUTH2_REVOKE_URI             = var.oauth2_provider.revoke_uri
        OAUTH2_USERINFO_URI           = var.oauth2_provider.userinfo_uri
        OAUTH2_AUTH_PARAMETERS        = jsonencode(var.oauth2_provider.auth_parameters)
        OAUTH2_ROTATES_REFRESH_TOKENS = tostring(var.oauth2_provider.rotates_refresh_tokens)
      } : key => value if value != null
    },
  )
  oauth_client_secrets = merge(
    var.google_oauth_client_id == null ? {} : { GOOGLE_OAUTH_CLIENT_SECRET = "google-oauth-client-secret" },
    var.oauth2_provider == null ? {} : { OAUTH2_CLIENT_SECRET = "oauth2-client-secret" },
  )

  # Vertex AI takes a role instead. Samples of voices (tools_api) are spoken through the Gemini API only.
  gemini_secrets = var.gemini.backend == "gemini_api" ? { GEMINI_API_KEY = "gemini-api-key" } : {}

  functions = {
    incoming_call = {
      name = local.names.incoming_call
      environment = merge(local.livekit_environment, {
        for key, value in {
          AGENT_NAME            = local.agent_names[var.live_release]
          PUBLIC_URL            = local.urls.incoming_call
          TWILIO_ACCOUNT_SID    = var.twilio_account_sid
          SIP_HOST              = var.livekit.sip_host
          SIP_USERNAME          = var.livekit.sip_username
          TASKS_QUEUE           = module.tasks.queues.calls
          TASKS_SERVICE_ACCOUNT = module.iam.emails.tasks
          FALLBACK_NUMBER       = var.fallback.number
          FALLBACK_MESSAGE      = var.fallback.message
          LOG_LEVEL             = var.log_level
        } : key => value if value != null
      })
      secrets = {
        LIVEKIT_API_SECRET = "livekit-api-secret"
        SIP_PASSWORD       = "sip-password"
        TWILIO_AUTH_TOKEN  = "twilio-auth-token"
      }
    }
    oauth = {
      name = local.names.oauth
      environment = merge(local.sign_in_environment, local.request_limit_environment, local.oauth_client_environment, local.secret_environment, {
        PUBLIC_URL            = local.urls.oauth
        DASHBOARD_ORIGIN      = local.dashboard_origin
        TASKS_SERVICE_ACCOUNT = module.iam.emails.scheduler
        LOG_LEVEL             = var.log_level
      })
      secrets = local.oauth_client_secrets
    }
    tools_api = {
      name = local.names.tools_api
      environment = merge(local.livekit_environment, local.sign_in_environment, local.request_limit_environment, local.secret_environment, {
        AGENT_NAME            = local.agent_names[var.live_release]
        DASHBOARD_ORIGINS     = local.dashboard_origin
        INCOMING_CALL_URL     = local.urls.incoming_call
        OAUTH_URL             = local.urls.oauth
        TASKS_QUEUE           = module.tasks.queues.removals
        TASKS_SERVICE_ACCOUNT = module.iam.emails.scheduler
        TWILIO_ACCOUNT_SID    = var.twilio_account_sid
        LOG_LEVEL             = var.log_level
      })
      secrets = merge(local.gemini_secrets, {
        LIVEKIT_API_SECRET = "livekit-api-secret"
        TWILIO_AUTH_TOKEN  = "twilio-auth-token"
      })
    }
  }

  worker_environment = merge(local.livekit_environment, local.oauth_client_environment, {
    for key, value in {
      GEMINI_BACKEND        = var.gemini.backend
      GOOGLE_CLOUD_LOCATION = var.gemini.location
      LOG_LEVEL             = var.log_level
      # livekit-agents would load models of its own into every process, which no call uses.
      LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE = "0"
    } : key => value if value != null
  })
  worker_secrets = merge(
    { LIVEKIT_API_SECRET = "livekit-api-secret" },
    local.gemini_secrets,
    local.oauth_client_secrets,
  )

  # Secrets of the deployment itself, and who mounts them.
  secret_descriptions = {
    gemini-api-key             = "Key of the Gemini API"
    google-oauth-client-secret = "Secret of the Google OAuth client"
    livekit-api-secret         = "Secret of LiveKit's API key"
    oauth2-client-secret       = "Secret of the other OAuth client"
    sip-password               = "Password of LiveKit's inbound SIP trunk"
    twilio-auth-token          = "Auth token of the Twilio account"
  }
  mounted_secrets = merge({ for part, function in local.functions : part => values(function.secrets) }, { worker = values(local.worker_secrets) })
  deployment_secrets = {
    for id in distinct(flatten(values(local.mounted_secrets))) : id => {
      description = local.secret_descriptions[id]
      readers     = { for part, ids in local.mounted_secrets : part => module.iam.emails[part] if contains(ids, id) }
    }
  }
}
