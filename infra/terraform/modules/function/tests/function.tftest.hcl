mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project_id      = "example-project"
  region          = "us-central1"
  name            = "trunkline-incoming-call"
  entry_point     = "incoming_call"
  source_archive  = { path = "../../tests/fixtures/functions/incoming_call.zip", bucket = "example-project-sources" }
  build           = { service_account = "build@example-project.iam.gserviceaccount.com", repository = "projects/example-project/locations/us-central1/repositories/trunkline" }
  service_account = "incoming-call@example-project.iam.gserviceaccount.com"
  environment     = { PUBLIC_URL = "https://api.example.com" }
  secrets         = { TWILIO_AUTH_TOKEN = "twilio-auth-token" }
}

run "runs_as_its_own_account_and_reads_secrets_by_name" {
  command = plan

  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].service_account_email == var.service_account
    error_message = "The function does not run as its own account."
  }

  assert {
    condition = (
      google_cloudfunctions2_function.this.build_config[0].service_account == "projects/example-project/serviceAccounts/build@example-project.iam.gserviceaccount.com"
    )
    error_message = "The function is built by the default account, which may edit the whole project."
  }

  assert {
    condition     = one(google_cloudfunctions2_function.this.service_config[0].secret_environment_variables).secret == "twilio-auth-token"
    error_message = "The secret is not mounted by its name."
  }

  assert {
    condition     = one(google_cloudfunctions2_function.this.service_config[0].secret_environment_variables).version == "latest"
    error_message = "The function is built for a version that nobody has named."
  }

  assert {
    condition     = !contains(keys(google_cloudfunctions2_function.this.service_config[0].environment_variables), "TWILIO_AUTH_TOKEN")
    error_message = "A secret's value is in the plan."
  }

  assert {
    condition     = output.url == "https://trunkline-incoming-call-123456789012.us-central1.run.app"
    error_message = "The address is not known before the function exists."
  }
}

run "a_new_value_of_a_secret_is_a_change" {
  command = plan

  variables {
    secret_versions = { twilio-auth-token = "3", gemini-api-key = "7" }
  }

  assert {
    condition     = one(google_cloudfunctions2_function.this.service_config[0].secret_environment_variables).version == "3"
    error_message = "Instances would keep the former value until something else changes."
  }
}

run "the_archive_is_named_after_its_contents" {
  command = plan

  assert {
    condition     = google_storage_bucket_object.source.name == "trunkline-incoming-call/${filesha256(var.source_archive.path)}.zip"
    error_message = "The same source would be built again, or a new one would not."
  }
}

run "open_to_the_internet_without_a_load_balancer" {
  command = plan

  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].ingress_settings == "ALLOW_ALL"
    error_message = "Twilio could not reach the function."
  }
}

run "behind_a_load_balancer_there_is_no_other_way_in" {
  command = plan

  variables {
    only_through_load_balancer = true
  }

  assert {
    condition     = google_cloudfunctions2_function.this.service_config[0].ingress_settings == "ALLOW_INTERNAL_AND_GCLB"
    error_message = "Requests could go round the load balancer and Cloud Armor."
  }
}

run "a_name_is_a_host_name_part" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "incoming_call"
  }
}

run "the_archive_must_be_there" {
  command         = plan
  expect_failures = [var.source_archive]

  variables {
    source_archive = { path = "no-such-archive.zip", bucket = "example-project-sources" }
  }
}

run "fewer_instances_at_most_than_at_least" {
  command         = plan
  expect_failures = [var.scaling]

  variables {
    scaling = { min_instances = 5, max_instances = 2 }
  }
}

run "no_concurrency_on_part_of_a_cpu" {
  command         = plan
  expect_failures = [var.scaling]

  variables {
    scaling = { concurrency = 10, cpu = 0.5 }
  }
}

run "concurrency_is_at_most_1000" {
  command         = plan
  expect_failures = [var.scaling]

  variables {
    scaling = { concurrency = 1001 }
  }
}

run "memory_has_a_unit" {
  command         = plan
  expect_failures = [var.scaling]

  variables {
    scaling = { memory = "512" }
  }
}
