mock_provider "google" {}

variables {
  project_id      = "example-project"
  region          = "us-central1"
  name            = "trunkline-worker-blue"
  agent_name      = "trunkline-blue"
  image           = "us-central1-docker.pkg.dev/example-project/trunkline/worker:1"
  service_account = "worker@example-project.iam.gserviceaccount.com"
  environment     = { LIVEKIT_URL = "wss://livekit.example.com" }
  secrets         = { LIVEKIT_API_SECRET = "livekit-api-secret" }
  size            = { instances = 3 }
}

run "workers_register_under_their_release" {
  command = plan

  assert {
    condition = one([
      for env in google_cloud_run_v2_worker_pool.this.template[0].containers[0].env : env.value if env.name == "AGENT_NAME"
    ]) == "trunkline-blue"
    error_message = "The workers are not told their agent name."
  }

  assert {
    condition     = google_cloud_run_v2_worker_pool.this.scaling[0].manual_instance_count == 3
    error_message = "There are not as many instances as asked for."
  }

  assert {
    condition     = google_cloud_run_v2_worker_pool.this.template[0].service_account == var.service_account
    error_message = "The workers do not run as their own account."
  }

  assert {
    condition     = google_cloud_run_v2_worker_pool.this.deletion_protection
    error_message = "The pool is not protected from deletion."
  }
}

run "secrets_are_mounted_by_name" {
  command = plan

  assert {
    condition = alltrue([
      for env in google_cloud_run_v2_worker_pool.this.template[0].containers[0].env :
      env.value == null && env.value_source[0].secret_key_ref[0].secret == "livekit-api-secret" if env.name == "LIVEKIT_API_SECRET"
    ])
    error_message = "A secret's value is in the plan."
  }
}

run "a_new_value_of_a_secret_is_a_change" {
  command = plan

  variables {
    secret_versions = { livekit-api-secret = "3" }
  }

  assert {
    condition = alltrue([
      for env in google_cloud_run_v2_worker_pool.this.template[0].containers[0].env :
      env.value_source[0].secret_key_ref[0].version == "3" if env.name == "LIVEKIT_API_SECRET"
    ])
    error_message = "Workers would keep the former value until something else changes."
  }
}

run "health_is_asked_where_the_worker_listens" {
  command = plan

  assert {
    condition = tostring(google_cloud_run_v2_worker_pool.this.template[0].containers[0].startup_probe[0].http_get[0].port) == one([
      for env in google_cloud_run_v2_worker_pool.this.template[0].containers[0].env : env.value if env.name == "HEALTH_PORT"
    ])
    error_message = "The probe asks another port than the worker listens on."
  }
}

run "an_agent_name_is_lower_case" {
  command         = plan
  expect_failures = [var.agent_name]

  variables {
    agent_name = "Trunkline Blue"
  }
}

run "an_image_has_a_tag_or_digest" {
  command         = plan
  expect_failures = [var.image]

  variables {
    image = "us-central1-docker.pkg.dev/example-project/trunkline/worker"
  }
}

run "instances_are_not_negative" {
  command         = plan
  expect_failures = [var.size]

  variables {
    size = { instances = -1 }
  }
}

run "cpus_come_in_certain_numbers" {
  command         = plan
  expect_failures = [var.size]

  variables {
    size = { cpu = 3 }
  }
}

run "memory_has_a_unit" {
  command         = plan
  expect_failures = [var.size]

  variables {
    size = { memory = "8" }
  }
}

run "a_worker_takes_at_least_one_call" {
  command         = plan
  expect_failures = [var.size]

  variables {
    size = { max_calls = 0, warm_processes = 0 }
  }
}

run "no_more_warm_processes_than_calls" {
  command         = plan
  expect_failures = [var.size]

  variables {
    size = { max_calls = 4, warm_processes = 5 }
  }
}
