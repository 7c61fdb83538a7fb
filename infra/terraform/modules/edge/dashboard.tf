# The dashboard: static files, public by nature. What protects its users are the headers.

resource "google_storage_bucket" "dashboard" {
  project                     = var.project_id
  name                        = var.dashboard.bucket
  location                    = var.dashboard.location
  labels                      = var.labels
  uniform_bucket_level_access = true
  force_destroy               = !var.deletion_protection

  website {
    main_page_suffix = "index.html"
    not_found_page   = "404.html"
  }

  versioning {
    enabled = true
  }

  lifecycle_rule {
    condition {
      num_newer_versions = 3
      with_state         = "ARCHIVED"
    }
    action {
      type = "Delete"
    }
  }
}

# Reading files by name, without the right to list them.
resource "google_storage_bucket_iam_member" "dashboard_readers" {
  bucket = google_storage_bucket.dashboard.name
  role   = "roles/storage.legacyObjectReader"
  member = "allUsers"
}

resource "google_storage_bucket_object" "config" {
  bucket        = google_storage_bucket.dashboard.name
  name          = "config.json"
  content       = jsonencode(var.dashboard.config)
  content_type  = "application/json"
  cache_control = "no-store"
}

resource "google_compute_backend_bucket" "dashboard" {
  project     = var.project_id
  name        = "${var.name}-dashboard"
  bucket_name = google_storage_bucket.dashboard.name
  enable_cdn  = true

  cdn_policy {
    cache_mode         = "USE_ORIGIN_HEADERS"
    request_coalescing = true
  }

  custom_response_headers = concat(
    [for name, value in var.dashboard.headers : "${name}: ${value}"],
    ["Strict-Transport-Security: max-age=31536000; includeSubDomains"],
  )
}
