mock_provider "google" {}

variables {
  project_id      = "example-project"
  region          = "us-central1"
  service_account = "scheduler@example-project.iam.gserviceaccount.com"
  jobs = {
    reconcile-secrets = {
      description = "Destroys secrets that no document names"
      schedule    = "7 * * * *"
      url         = "https://api.example.com/api/v1/tasks/reconcile-secrets"
      audience    = "https://api.example.com"
      body        = { apply = true }
    }
  }
}

run "the_job_signs_in_and_says_what_to_do" {
  command = plan

  assert {
    condition     = google_cloud_scheduler_job.this["reconcile-secrets"].http_target[0].oidc_token[0].service_account_email == var.service_account
    error_message = "The function would refuse the job."
  }

  assert {
    condition     = google_cloud_scheduler_job.this["reconcile-secrets"].http_target[0].oidc_token[0].audience == "https://api.example.com"
    error_message = "The token is not meant for the function."
  }

  assert {
    condition     = jsondecode(base64decode(google_cloud_scheduler_job.this["reconcile-secrets"].http_target[0].body)) == { apply = true }
    error_message = "The body is not JSON, or says something else."
  }
}

run "a_schedule_has_five_fields" {
  command         = plan
  expect_failures = [var.jobs]

  variables {
    jobs = { job = { description = "", schedule = "hourly", url = "https://a.example.com/x", audience = "https://a.example.com", body = {} } }
  }
}

run "a_job_goes_over_https" {
  command         = plan
  expect_failures = [var.jobs]

  variables {
    jobs = { job = { description = "", schedule = "7 * * * *", url = "http://a.example.com/x", audience = "https://a.example.com", body = {} } }
  }
}
