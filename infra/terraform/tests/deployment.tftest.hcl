# The whole deployment, as it would be in the state, against a mocked provider: once with the least and once with
# everything. What concerns all resources at once (labels, roles, secrets, who is public) is looked for in the
# states of both examples by tests/infra.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project_id         = "example-project"
  firestore_location = "us-central1"
  functions_dir      = "tests/fixtures/functions"
  dashboard_dir      = "tests/fixtures/dashboard"
  twilio_account_sid = "AC00000000000000000000000000000000"
  live_release       = "blue"
  livekit = {
    url      = "wss://example.livekit.cloud"
    api_key  = "APIexample"
    sip_host = "example.sip.livekit.cloud"
  }
  worker_releases = {
    blue = { image = "us-central1-docker.pkg.dev/example-project/trunkline/worker:1" }
  }
}

run "with_the_least" {
  command = apply

  assert {
    condition     = output.webhooks.twilio_voice == "https://trunkline-incoming-call-123456789012.us-central1.run.app/api/v1/voice/twilio/incoming"
    error_message = "The phone edge could not be told its own address before it exists."
  }

  assert {
    condition = toset(keys(output.deployment)) == toset([
      "artifact_registry", "fallback_number", "live_release", "livekit_api_key", "livekit_url", "permissions",
      "project_id", "recordings_bucket", "region", "secret_readers", "service_accounts", "sip_host", "sip_username", "tasks_queue",
      "twilio_account_sid", "urls", "worker_pools",
    ])
    error_message = "output deployment has other fields than the operator's command reads."
  }

  assert {
    condition     = toset(keys(output.deployment.service_accounts)) == toset(["incoming_call", "oauth", "tools_api", "worker", "tasks", "scheduler"])
    error_message = "A part's account is missing."
  }

  assert {
    condition     = output.deployment.worker_pools == { blue = { name = "trunkline-worker-blue", agent_name = "trunkline-blue" } }
    error_message = "The worker pool is called something else."
  }

  assert {
    condition     = output.secrets == tolist(["gemini-api-key", "livekit-api-secret", "sip-password", "twilio-auth-token"])
    error_message = "A secret is made that nobody reads, or one is missing."
  }

  assert {
    condition     = output.dashboard_bucket == null && length(output.dns) == 0
    error_message = "Something of the load balancer is made without own domains."
  }
}

run "with_everything" {
  command = apply

  variables {
    gemini                 = { backend = "vertex_ai", location = "us-central1" }
    google_oauth_client_id = "1234567890-example.apps.googleusercontent.com"
    edge                   = { api_domain = "api.example.com", dashboard_domain = "app.example.com" }
    sign_in                = { issuer = "https://login.example.com", client_id = "trunkline" }
    live_release           = "green"
    alerts                 = { emails = ["oncall@example.com"] }
    budget                 = { billing_account = "012345-6789AB-CDEF01", monthly_amount = 100 }

    secret_locations        = ["europe-west1", "europe-west4"]
    former_dashboard_hashes = ["'sha256-Zm9ybWVy'", "'sha256-Zmlyc3Q='"]
    oauth2_provider = {
      name      = "example"
      client_id = "trunkline"
      auth_uri  = "https://login.example.com/authorize"
      token_uri = "https://login.example.com/token"
    }
    worker_releases = {
      blue  = { image = "us-central1-docker.pkg.dev/example-project/trunkline/worker:1" }
      green = { image = "us-central1-docker.pkg.dev/example-project/trunkline/worker:2", agent_name = "trunkline-next" }
    }
  }

  assert {
    condition     = output.secrets == tolist(["google-oauth-client-secret", "livekit-api-secret", "oauth2-client-secret", "sip-password", "twilio-auth-token"])
    error_message = "Vertex AI needs no key, and each OAuth client has a secret."
  }

  assert {
    condition     = { for name, pool in output.deployment.worker_pools : name => pool.agent_name } == { blue = "trunkline-blue", green = "trunkline-next" }
    error_message = "The releases do not have names of their own."
  }

  assert {
    condition     = distinct([for part in ["incoming_call", "oauth", "tools_api"] : output.deployment.urls[part]]) == tolist(["https://api.example.com"])
    error_message = "A function is told another address than the load balancer's."
  }

  assert {
    condition     = output.deployment.urls.dashboard == "https://app.example.com" && output.dashboard_bucket == "example-project-dashboard"
    error_message = "The dashboard is elsewhere."
  }

  assert {
    condition     = [for part in ["oauth", "tools_api", "incoming_call"] : lookup(local.functions[part].environment, "SECRET_LOCATIONS", null)] == ["europe-west1,europe-west4", "europe-west1,europe-west4", null]
    error_message = "Tenants' secrets would be kept elsewhere than the deployment's."
  }

  assert {
    condition     = strcontains(local.dashboard_headers["Content-Security-Policy"], "; script-src 'self' 'sha256-Zmlyc3Q=' 'sha256-c2Vjb25k' 'sha256-Zm9ybWVy'; ")
    error_message = "The former pages' scripts would be refused until the new pages are uploaded, or are not named once."
  }

  assert {
    condition     = toset(keys(output.dns)) == toset(["api.example.com", "app.example.com"])
    error_message = "A DNS record is missing."
  }
}
