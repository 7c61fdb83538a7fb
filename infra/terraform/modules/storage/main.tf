# Recordings, and the sources of functions. Nobody outside reads either; the dashboard's files are in the edge module.

resource "google_storage_bucket" "recordings" {
  project                     = var.project_id
  name                        = "${var.name_prefix}-recordings"
  location                    = var.location
  labels                      = var.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  # What is deleted on somebody's demand must be gone, not kept for a week.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    condition {
      age = var.recordings.retention_days
    }
    action {
      type = "Delete"
    }
  }

  lifecycle_rule {
    condition {
      age = 1
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }
}

resource "google_storage_bucket_iam_member" "recordings_writer" {
  for_each = var.recordings.writers

  bucket = google_storage_bucket.recordings.name
  role   = "roles/storage.objectCreator"
  member = each.value
}

resource "google_storage_bucket" "sources" {
  project                     = var.project_id
  name                        = "${var.name_prefix}-sources"
  location                    = var.location
  labels                      = var.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true

  # A source's name is made of its contents, so none ever has a newer version: what counts is when it was replaced.
  lifecycle_rule {
    condition {
      days_since_noncurrent_time = 90
      with_state                 = "ARCHIVED"
    }
    action {
      type = "Delete"
    }
  }

  versioning {
    enabled = true
  }
}
