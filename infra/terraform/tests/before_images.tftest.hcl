# The first half of `make deploy` (operations/deploy/steps.py, BASE): what is there before images can be pushed. An
# output is there by then only when resources are all that it is made of, and those are all among the targets.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

run "what_images_and_secrets_need_is_told_already" {
  command = apply

  plan_options {
    target = [google_project_service.this, module.registry, module.storage, module.iam, module.secrets]
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
      blue = { image = "registry.invalid/worker:not-pushed-yet" }
    }
  }

  assert {
    condition     = output.project_id == "example-project"
    error_message = "Secrets could not be added: nobody knows the project."
  }

  assert {
    condition     = output.secrets == tolist(["gemini-api-key", "livekit-api-secret", "sip-password", "twilio-auth-token"])
    error_message = "Nobody would be asked for the secrets' values."
  }

  assert {
    condition     = output.artifact_registry == "us-central1-docker.pkg.dev/example-project/trunkline"
    error_message = "The worker's image could not be pushed: nobody knows where to."
  }
}
