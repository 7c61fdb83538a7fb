# The error budget: of the calls that Twilio announces in 28 days, the share that may end without an agent for our fault.

resource "google_monitoring_custom_service" "calls" {
  project      = var.project_id
  service_id   = "trunkline-calls"
  display_name = "Trunkline: telephone calls"
  user_labels  = var.labels
}

resource "google_monitoring_slo" "answered" {
  project             = var.project_id
  service             = google_monitoring_custom_service.calls.service_id
  slo_id              = "answered"
  display_name        = "Calls are answered by an agent"
  goal                = var.thresholds.availability_goal
  rolling_period_days = 28
  user_labels         = var.labels

  request_based_sli {
    good_total_ratio {
      total_service_filter = "metric.type=\"${local.metric.calls}\" resource.type=\"cloud_run_revision\""
      bad_service_filter   = "metric.type=\"${local.metric.failed_calls}\" resource.type=\"cloud_run_revision\""
    }
  }
}

resource "google_monitoring_alert_policy" "error_budget" {
  project               = var.project_id
  display_name          = "Error budget burns"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels
  user_labels           = var.labels

  # 14.4 times as fast as allowed: two per cent of the month's budget in an hour (SRE workbook, chapter 5).
  conditions {
    display_name = "In an hour 14.4 times as fast as allowed"

    condition_threshold {
      filter          = "select_slo_burn_rate(\"${google_monitoring_slo.answered.id}\", \"3600s\")"
      comparison      = "COMPARISON_GT"
      threshold_value = 14.4
      duration        = "0s"
    }
  }

  conditions {
    display_name = "In six hours 6 times as fast as allowed"

    condition_threshold {
      filter          = "select_slo_burn_rate(\"${google_monitoring_slo.answered.id}\", \"21600s\")"
      comparison      = "COMPARISON_GT"
      threshold_value = 6
      duration        = "0s"
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "So many calls go without an agent that the month's allowance will not last. See docs/operating.md, \"Error budget burns\"."
  }
}
