# Google asks for the phone edge's public address from several parts of the world: name, certificate, load balancer and
# function are all on the way. It asks without a credential, by a method that the address does not know, so the function
# answers 405 before it reads anything. That function has an instance running anyway; the others are not woken.

resource "google_monitoring_uptime_check_config" "edge" {
  project          = var.project_id
  display_name     = "Trunkline: phone edge"
  period           = "60s"
  timeout          = "10s"
  selected_regions = ["USA", "EUROPE", "ASIA_PACIFIC"]
  user_labels      = var.labels

  http_check {
    path           = "/${trimprefix(regex("^https://[^/]+(/.*)$", var.edge_url)[0], "/")}"
    port           = 443
    request_method = "GET"
    use_ssl        = true
    validate_ssl   = true

    accepted_response_status_codes {
      status_value = 405
    }
  }

  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project_id
      host       = regex("^https://([^/:]+)", var.edge_url)[0]
    }
  }
}

resource "google_monitoring_alert_policy" "edge_unreachable" {
  project               = var.project_id
  display_name          = "Phone edge unreachable"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "More than one place in the world got no answer, for three minutes"

    condition_threshold {
      filter          = "metric.type = \"monitoring.googleapis.com/uptime_check/check_passed\" AND resource.type = \"uptime_url\" AND metric.labels.check_id = \"${google_monitoring_uptime_check_config.edge.uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "180s"

      aggregations {
        alignment_period     = "120s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.host"]
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Twilio probably cannot reach the phone edge either: callers get nothing. See docs/operating.md, \"Phone edge unreachable\"."
  }
}
