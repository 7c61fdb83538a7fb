mock_provider "google" {}

variables {
  project_id  = "example-project"
  location    = "us-central1"
  name_prefix = "example-project"
}

run "nobody_outside_reads_and_recordings_go" {
  command = plan

  assert {
    condition = alltrue([
      for bucket in [google_storage_bucket.recordings, google_storage_bucket.sources] :
      bucket.public_access_prevention == "enforced" && bucket.uniform_bucket_level_access
    ])
    error_message = "A bucket could be made public."
  }

  assert {
    condition     = contains([for rule in google_storage_bucket.recordings.lifecycle_rule : one(rule.condition).age], 30)
    error_message = "Recordings would be kept for ever."
  }

  assert {
    condition     = google_storage_bucket.recordings.soft_delete_policy[0].retention_duration_seconds == 0
    error_message = "Deleted recordings could be brought back."
  }

  assert {
    condition     = !google_storage_bucket.recordings.force_destroy
    error_message = "Recordings would go with the bucket."
  }
}

run "sources_that_were_replaced_go_after_a_while" {
  command = plan

  assert {
    condition = anytrue([
      for rule in google_storage_bucket.sources.lifecycle_rule :
      one(rule.action).type == "Delete" && one(rule.condition).days_since_noncurrent_time == 90 && coalesce(one(rule.condition).num_newer_versions, 0) == 0
    ])
    error_message = "Each source has a name of its own: one that waits for newer versions of itself is kept for ever."
  }
}

run "writers_write_and_do_not_read" {
  command = plan

  variables {
    recordings = { writers = ["serviceAccount:egress@example-project.iam.gserviceaccount.com"] }
  }

  assert {
    condition     = one(values(google_storage_bucket_iam_member.recordings_writer)).role == "roles/storage.objectCreator"
    error_message = "Who writes recordings could read all others."
  }
}

run "recordings_are_kept_for_a_while" {
  command         = plan
  expect_failures = [var.recordings]

  variables {
    recordings = { retention_days = 0 }
  }
}

run "everybody_is_no_writer" {
  command         = plan
  expect_failures = [var.recordings]

  variables {
    recordings = { writers = ["allUsers"] }
  }
}

run "bucket_names_are_lower_case" {
  command         = plan
  expect_failures = [var.name_prefix]

  variables {
    name_prefix = "Example_Project"
  }
}
