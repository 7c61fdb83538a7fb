resource "google_cloud_tasks_queue" "this" {
  for_each = var.queues

  project  = var.project_id
  location = var.region
  name     = each.key

  rate_limits {
    max_dispatches_per_second = each.value.dispatches_per_second
    max_concurrent_dispatches = each.value.concurrent_dispatches
  }

  retry_config {
    max_attempts = each.value.max_attempts
    min_backoff  = each.value.min_backoff
    max_backoff  = each.value.max_backoff
  }

  stackdriver_logging_config {
    sampling_ratio = 1
  }
}

resource "google_cloud_tasks_queue_iam_member" "enqueuer" {
  for_each = var.queues

  project  = var.project_id
  location = var.region
  name     = google_cloud_tasks_queue.this[each.key].name
  role     = "roles/cloudtasks.enqueuer"
  member   = "serviceAccount:${each.value.enqueuer}"
}

# Who adds a task decides as whom it signs in, so it needs to be allowed to act as that account.
resource "google_service_account_iam_member" "acts_as" {
  for_each = var.queues

  service_account_id = "projects/${var.project_id}/serviceAccounts/${each.value.identity}"
  role               = "roles/iam.serviceAccountUser"
  member             = "serviceAccount:${each.value.enqueuer}"
}
