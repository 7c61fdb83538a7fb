mock_provider "google" {}

variables {
  project_id = "example-project"
  region     = "us-central1"
  queues = {
    calls = {
      enqueuer = "trunkline-incoming-call@example-project.iam.gserviceaccount.com"
      identity = "trunkline-tasks@example-project.iam.gserviceaccount.com"
    }
  }
}

run "one_account_adds_tasks_and_signs_them_as_another" {
  command = plan

  assert {
    condition     = google_cloud_tasks_queue_iam_member.enqueuer["calls"].member == "serviceAccount:trunkline-incoming-call@example-project.iam.gserviceaccount.com"
    error_message = "Somebody else may add tasks."
  }

  assert {
    condition     = google_service_account_iam_member.acts_as["calls"].service_account_id == "projects/example-project/serviceAccounts/trunkline-tasks@example-project.iam.gserviceaccount.com"
    error_message = "The enqueuer may act as another account than the queue's."
  }

  assert {
    condition     = output.queues == { calls = "projects/example-project/locations/us-central1/queues/calls" }
    error_message = "The queue's name is not what TASKS_QUEUE wants."
  }
}

run "a_queue_has_googles_limits" {
  command         = plan
  expect_failures = [var.queues]

  variables {
    queues = { calls = { enqueuer = "a@example.com", identity = "b@example.com", dispatches_per_second = 501 } }
  }
}

run "a_task_ends_some_time" {
  command         = plan
  expect_failures = [var.queues]

  variables {
    queues = { calls = { enqueuer = "a@example.com", identity = "b@example.com", max_attempts = -1 } }
  }
}
