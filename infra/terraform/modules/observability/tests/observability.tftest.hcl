mock_provider "google" {}

variables {
  project_id = "example-project"
  services = {
    incoming_call = "trunkline-incoming-call"
    oauth         = "trunkline-oauth"
    tools_api     = "trunkline-tools-api"
  }
  edge_url     = "https://api.example.com/api/v1/voice/twilio/incoming"
  worker_pools = { trunkline-worker-blue = 2, trunkline-worker-green = 0 }
  queue        = "calls"
  jobs         = ["settle-calls", "reconcile-secrets"]
  emails       = ["oncall@example.com"]
}

run "somebody_is_told" {
  command = apply

  assert {
    condition     = length(output.channels) == 1
    error_message = "Nobody is told."
  }

  assert {
    condition     = google_monitoring_alert_policy.fallbacks.notification_channels == tolist(output.channels)
    error_message = "The alert reaches nobody."
  }

  assert {
    condition = toset(output.alerts) == toset([
      "API breaks", "Agent start slow", "Callers hear the last resort", "Calls on fallback", "Error budget burns", "Phone edge unreachable", "Scheduled work fails",
      "Watchdog tasks late", "Worker instances missing",
    ])
    error_message = "An alert is missing."
  }
}

run "the_edge_is_looked_at_from_outside_without_a_credential" {
  command = plan

  assert {
    condition     = google_monitoring_uptime_check_config.edge.monitored_resource[0].labels.host == "api.example.com" && google_monitoring_uptime_check_config.edge.http_check[0].path == "/api/v1/voice/twilio/incoming"
    error_message = "Something else is looked at than what Twilio calls."
  }

  assert {
    condition     = google_monitoring_uptime_check_config.edge.http_check[0].use_ssl && google_monitoring_uptime_check_config.edge.http_check[0].validate_ssl
    error_message = "A certificate that has expired would pass."
  }

  assert {
    condition     = google_monitoring_uptime_check_config.edge.http_check[0].request_method == "GET" && length(google_monitoring_uptime_check_config.edge.http_check[0].auth_info) == 0 && [for code in google_monitoring_uptime_check_config.edge.http_check[0].accepted_response_status_codes : code.status_value] == [405]
    error_message = "It would look like a call, or need a secret, or take another's answer for the edge's."
  }

  # Thousands of answered "calls" a day that nobody made hid those that failed, in the alerts' ratios and in the error budget.
  assert {
    condition     = strcontains(google_logging_metric.counter["calls"].filter, "httpRequest.requestMethod=\"POST\"")
    error_message = "What the uptime check asks would count as calls."
  }
}

run "the_edge_has_an_address" {
  command         = plan
  expect_failures = [var.edge_url]

  variables {
    edge_url = "http://api.example.com"
  }
}

run "pools_without_instances_are_not_missed" {
  command = plan

  assert {
    condition     = keys(google_monitoring_alert_policy.workers_missing) == ["trunkline-worker-blue"]
    error_message = "A pool that is scaled to nothing would alarm for ever."
  }

  assert {
    condition     = google_monitoring_alert_policy.workers_missing["trunkline-worker-blue"].conditions[0].condition_threshold[0].threshold_value == 2
    error_message = "The alert expects another number of instances."
  }
}

run "every_job_that_fails_is_noticed" {
  command = plan

  assert {
    condition     = strcontains(google_logging_metric.counter["failed_jobs"].filter, "resource.labels.job_id=(\"settle-calls\" OR \"reconcile-secrets\") AND severity>=ERROR")
    error_message = "A job's failures are not counted."
  }
}

run "jobs_have_names" {
  command         = plan
  expect_failures = [var.jobs]

  variables {
    jobs = []
  }
}

run "logs_go_after_a_while" {
  command = plan

  assert {
    condition     = google_logging_project_bucket_config.default.retention_days == 30
    error_message = "Logs are kept for another time."
  }
}

run "emails_are_addresses" {
  command         = plan
  expect_failures = [var.emails]

  variables {
    emails = ["oncall"]
  }
}

run "retention_is_in_days" {
  command         = plan
  expect_failures = [var.log_retention_days]

  variables {
    log_retention_days = 0
  }
}

run "a_share_is_below_one" {
  command         = plan
  expect_failures = [var.thresholds]

  variables {
    thresholds = { fallback_share = 5 }
  }
}

run "so_is_the_share_of_broken_requests" {
  command         = plan
  expect_failures = [var.thresholds]

  variables {
    thresholds = { api_error_share = 5 }
  }
}

run "a_goal_of_one_has_no_budget" {
  command         = plan
  expect_failures = [var.thresholds]

  variables {
    thresholds = { availability_goal = 1 }
  }
}

run "milliseconds_not_seconds" {
  command         = plan
  expect_failures = [var.thresholds]

  variables {
    thresholds = { agent_start_ms = 2 }
  }
}
