# Each mistake in terraform.tfvars is told, with what is wrong, before anything is made.

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

# All of these in one go, and each of them must be told: a plan takes seconds.
run "every_mistake_is_told" {
  command = plan

  expect_failures = [
    var.project_id, var.region, var.twilio_account_sid, var.livekit, var.worker_releases,
    var.dashboard_origin, var.sign_in, var.gemini, var.google_oauth_client_id, var.oauth2_provider, var.fallback,
    var.log_level, var.labels, var.secret_versions,
  ]

  variables {
    project_id             = "My Project"
    region                 = "us-central1-a"
    twilio_account_sid     = "SK00000000000000000000000000000000"
    livekit                = { url = "https://example.livekit.cloud", api_key = "APIexample", sip_host = "example.sip.livekit.cloud" }
    worker_releases        = { "Release 2" = { image = "registry.example.com/worker:2" } }
    dashboard_origin       = "https://app.example.com/dashboard"
    sign_in                = { issuer = "http://login.example.com", client_id = "trunkline" }
    gemini                 = { backend = "another" }
    google_oauth_client_id = "trunkline"
    oauth2_provider        = { name = "example", client_id = "trunkline", auth_uri = "http://login.example.com", token_uri = "https://login.example.com" }
    fallback               = { number = "415 555 0100" }
    log_level              = "TRACE"
    labels                 = { Team = "Voice" }
    secret_versions        = { twilio-auth-token = "latest" }
  }
}

run "a_sip_host_has_no_scheme_vertex_ai_has_a_location_and_agents_have_two_names" {
  command         = plan
  expect_failures = [var.livekit, var.gemini, var.worker_releases]

  variables {
    livekit = { url = "wss://example.livekit.cloud", api_key = "APIexample", sip_host = "sip:example.sip.livekit.cloud" }
    gemini  = { backend = "vertex_ai" }
    worker_releases = {
      blue  = { image = "registry.example.com/worker:1" }
      green = { image = "registry.example.com/worker:2", agent_name = "trunkline-blue" }
    }
  }
}

run "livekits_key_has_a_name_alerts_need_the_lines_they_count_and_the_live_release_exists" {
  command         = plan
  expect_failures = [var.livekit, var.log_level, var.live_release]

  variables {
    live_release = "green"
    livekit      = { url = "wss://example.livekit.cloud", api_key = "", sip_host = "example.sip.livekit.cloud" }
    log_level    = "ERROR"
    alerts       = { emails = ["oncall@example.com"] }
  }
}

run "there_is_a_release" {
  command         = plan
  expect_failures = [var.worker_releases]

  variables {
    worker_releases = {}
  }
}

run "secrets_are_in_regions_and_scripts_are_named_by_their_hash" {
  command         = plan
  expect_failures = [var.secret_locations, var.former_dashboard_hashes]

  variables {
    secret_locations        = ["eur3"]
    former_dashboard_hashes = ["'unsafe-inline'"]
  }
}
