mock_provider "google" {}

variables {
  project_id = "example-project"
  location   = "nam5"
}

run "nothing_is_lost_by_a_slip" {
  command = plan

  assert {
    condition     = google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_ENABLED" && google_firestore_database.this.deletion_policy == "ABANDON"
    error_message = "The database could be deleted."
  }

  assert {
    condition     = google_firestore_database.this.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED"
    error_message = "The last seven days could not be gone back to."
  }

  assert {
    condition     = google_firestore_backup_schedule.daily[0].retention == "604800s" && google_firestore_backup_schedule.weekly[0].retention == "8467200s"
    error_message = "Backups are not kept for a week and for 14 weeks."
  }

  assert {
    condition     = google_firestore_database.this.concurrency_mode == "OPTIMISTIC"
    error_message = "A transaction of a process that dies would hold its locks."
  }
}

run "documents_that_have_expired_go" {
  command = plan

  assert {
    condition     = alltrue([for field in google_firestore_field.this : length(field.ttl_config) == 1 if field.field == "expires_at"])
    error_message = "expires_at is not the TTL field everywhere."
  }

  assert {
    condition     = contains(output.ttl_collections, "events") && contains(output.ttl_collections, "sessions")
    error_message = "What was said in calls would stay for ever."
  }
}

run "the_database_can_be_taken_away_once_protection_is_off" {
  command = plan

  variables {
    deletion_protection = false
  }

  assert {
    condition     = google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_DISABLED" && google_firestore_database.this.deletion_policy == "DELETE"
    error_message = "terraform destroy would leave the database behind."
  }
}

run "backups_can_be_left_out" {
  command = plan

  variables {
    backups = { daily_days = 0, weekly_days = 0 }
  }

  assert {
    condition     = length(google_firestore_backup_schedule.daily) + length(google_firestore_backup_schedule.weekly) == 0
    error_message = "Backups are made all the same."
  }
}

run "a_zone_is_no_location" {
  command         = plan
  expect_failures = [var.location]

  variables {
    location = "us-central1-a"
  }
}

run "backups_are_kept_98_days_at_most" {
  command         = plan
  expect_failures = [var.backups]

  variables {
    backups = { daily_days = 99 }
  }
}
