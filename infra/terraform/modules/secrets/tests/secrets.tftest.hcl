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

run "google_chooses_where_secrets_are" {
  command = plan

  assert {
    condition     = alltrue([for secret in google_secret_manager_secret.this : length(secret.replication[0].auto) == 1 && length(secret.replication[0].user_managed) == 0])
    error_message = "A secret has no place, or one that nobody asked for."
  }
}

run "unless_the_deployment_says" {
  command = plan

  variables {
    locations = ["europe-west1", "europe-west4"]
  }

  assert {
    condition = alltrue([
      for secret in google_secret_manager_secret.this :
      length(secret.replication[0].auto) == 0 && [for replica in secret.replication[0].user_managed[0].replicas : replica.location] == ["europe-west1", "europe-west4"]
    ])
    error_message = "A secret would be kept elsewhere."
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
