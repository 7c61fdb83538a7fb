mock_provider "google" {}

variables {
  project_id = "example-project"
  secrets = {
    twilio-auth-token = {
      description = "Auth token of the Twilio account"
      readers = {
        incoming_call = "incoming-call@example-project.iam.gserviceaccount.com"
        tools_api     = "tools-api@example-project.iam.gserviceaccount.com"
      }
    }
    gemini-api-key = {
      description = "Key of the Gemini API"
      readers     = { worker = "worker@example-project.iam.gserviceaccount.com" }
    }
  }
}

run "who_mounts_a_secret_reads_that_one" {
  command = plan

  assert {
    condition = toset([for reader in google_secret_manager_secret_iam_member.reader : "${reader.secret_id} ${reader.member}"]) == toset([
      "twilio-auth-token serviceAccount:incoming-call@example-project.iam.gserviceaccount.com",
      "twilio-auth-token serviceAccount:tools-api@example-project.iam.gserviceaccount.com",
      "gemini-api-key serviceAccount:worker@example-project.iam.gserviceaccount.com",
    ])
    error_message = "Somebody reads a secret that they do not mount, or cannot read one that they do."
  }

  assert {
    condition     = alltrue([for secret in google_secret_manager_secret.this : secret.deletion_protection])
    error_message = "A secret could be deleted by a slip."
  }
}

run "tenants_names_are_not_ours" {
  command         = plan
  expect_failures = [var.secrets]

  variables {
    secrets = {
      trunkline-twilio = { description = "would be destroyed by the reconciler", readers = {} }
    }
  }
}
