mock_provider "google" {}

variables {
  project_id       = "example-project"
  region           = "us-central1"
  api_domain       = "api.example.com"
  dashboard_domain = "app.example.com"
  services = {
    incoming_call = "trunkline-incoming-call"
    oauth         = "trunkline-oauth"
    tools_api     = "trunkline-tools-api"
  }
  dashboard = {
    bucket   = "example-project-dashboard"
    location = "us-central1"
    config   = { api_url = "https://api.example.com" }
    headers  = { "Content-Security-Policy" = "default-src 'none'; frame-ancestors 'none'", "Referrer-Policy" = "same-origin" }
  }
}

run "every_function_is_behind_cloud_armor" {
  command = apply

  assert {
    condition = alltrue([
      for part, service in google_compute_backend_service.this :
      service.security_policy == google_compute_security_policy.this[part == "incoming_call" ? "phone" : "api"].id
    ])
    error_message = "A function has no policy, or the wrong one."
  }

  assert {
    condition     = alltrue([for service in google_compute_backend_service.this : service.load_balancing_scheme == "EXTERNAL_MANAGED"])
    error_message = "The scheme depends on the provider's version."
  }
}

run "bodies_of_calls_are_not_inspected" {
  command = plan

  assert {
    condition     = !anytrue([for rule in google_compute_security_policy.this["phone"].rule : startswith(rule.action, "deny")])
    error_message = "A call could be refused for what was said in it."
  }
}

run "old_tls_and_plain_http_end_here" {
  command = plan

  assert {
    condition     = google_compute_ssl_policy.this.min_tls_version == "TLS_1_2" && google_compute_ssl_policy.this.profile == "MODERN"
    error_message = "Old TLS is accepted."
  }

  assert {
    condition     = google_compute_url_map.redirect.default_url_redirect[0].https_redirect
    error_message = "Plain HTTP is answered."
  }
}

run "the_dashboards_headers_protect_its_users" {
  command = plan

  assert {
    condition = toset(google_compute_backend_bucket.dashboard.custom_response_headers) == toset([
      "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
      "Referrer-Policy: same-origin",
      "Strict-Transport-Security: max-age=31536000; includeSubDomains",
    ])
    error_message = "A header is missing."
  }
}

run "config_json_is_what_the_dashboard_reads" {
  command = plan

  assert {
    condition     = jsondecode(google_storage_bucket_object.config.content) == { api_url = "https://api.example.com" }
    error_message = "config.json says something else."
  }
}

run "a_domain_has_no_scheme" {
  command         = plan
  expect_failures = [var.api_domain]

  variables {
    api_domain = "https://api.example.com"
  }
}

run "two_sites_would_lose_the_cookie" {
  command         = plan
  expect_failures = [var.dashboard_domain]

  variables {
    dashboard_domain = "app.example.org"
  }
}

run "two_host_names" {
  command         = plan
  expect_failures = [var.dashboard_domain]

  variables {
    dashboard_domain = "api.example.com"
  }
}

run "a_dashboard_has_a_policy" {
  command         = plan
  expect_failures = [var.dashboard]

  variables {
    dashboard = { bucket = "example-project-dashboard", location = "us-central1", config = {}, headers = {} }
  }
}

run "limits_let_real_calls_through" {
  command         = plan
  expect_failures = [var.requests_per_minute]

  variables {
    requests_per_minute = { phone = 10 }
  }
}
