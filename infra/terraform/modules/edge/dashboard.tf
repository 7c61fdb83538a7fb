# The dashboard: static files, public by nature. What protects its users are the headers, which are set here.

locals {
  content_security_policy = join("; ", [
    "default-src 'none'",
    "script-src 'self' 'unsafe-inline'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "media-src 'self' blob:",
    "worker-src 'self' blob:",
    "manifest-src 'self'",
    "connect-src ${join(" ", concat(["'self'"], var.dashboard.connect_sources))}",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ])
}

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

  custom_response_headers = [
    "Content-Security-Policy: ${local.content_security_policy}",
    "Cross-Origin-Opener-Policy: same-origin-allow-popups",
    "Permissions-Policy: microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy: no-referrer",
    "Strict-Transport-Security: max-age=31536000; includeSubDomains",
    "X-Content-Type-Options: nosniff",
  ]
}
