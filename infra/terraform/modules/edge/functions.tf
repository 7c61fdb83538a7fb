locals {
  # Which function answers what; everything else under /api/v1 is the API's.
  paths = {
    incoming_call = [
      "/api/v1/voice/*",
      "/api/v1/tasks/check-lease",
      "/api/v1/tasks/close-call",
      "/api/v1/tasks/delete-overdue-recordings",
      "/api/v1/tasks/ensure-agent",
      "/api/v1/tasks/settle-calls",
    ]
    oauth = [
      "/api/v1/oauth/*",
      "/api/v1/tasks/forget-secrets",
      "/api/v1/tasks/reconcile-secrets",
    ]
  }

  policies = { incoming_call = "phone", oauth = "api", tools_api = "api" }
}

resource "google_compute_region_network_endpoint_group" "this" {
  for_each = var.services

  project               = var.project_id
  region                = var.region
  name                  = each.value
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = each.value
  }
}

resource "google_compute_backend_service" "this" {
  for_each = var.services

  project               = var.project_id
  name                  = each.value
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = google_compute_security_policy.this[local.policies[each.key]].id

  backend {
    group = google_compute_region_network_endpoint_group.this[each.key].id
  }

  log_config {
    enable      = true
    sample_rate = 1
  }
}
