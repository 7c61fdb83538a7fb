# Each alert names its section of docs/operating.md.

locals {
  channels = concat([for channel in google_monitoring_notification_channel.email : channel.id], var.channels)

  metric   = { for name, metric in google_logging_metric.counter : name => "logging.googleapis.com/user/${metric.name}" }
  edge_log = "resource.type = \"cloud_run_revision\""

  api_requests = join(" AND ", [
    "metric.type = \"run.googleapis.com/request_count\"",
    "resource.type = \"cloud_run_revision\"",
    "resource.labels.service_name = one_of(\"${var.services.oauth}\", \"${var.services.tools_api}\")",
  ])
}

resource "google_monitoring_notification_channel" "email" {
  for_each = toset(var.emails)

  project      = var.project_id
  display_name = "Trunkline: ${each.value}"
  type         = "email"
  labels       = { email_address = each.value }
  user_labels  = var.labels
}

resource "google_monitoring_alert_policy" "fallbacks" {
  project               = var.project_id
  display_name          = "Calls on fallback"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "More than ${var.thresholds.fallback_share * 100} % of calls in 10 minutes got no agent"

    condition_threshold {
      filter             = "metric.type = \"${local.metric.failed_calls}\" AND ${local.edge_log}"
      denominator_filter = "metric.type = \"${local.metric.calls}\" AND ${local.edge_log}"
      comparison         = "COMPARISON_GT"
      threshold_value    = var.thresholds.fallback_share
      duration           = "0s"

      aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }

      denominator_aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Callers get the fallback although an agent should have answered. The metric's `reason` says why. See docs/operating.md, \"Calls on fallback\"."
  }
}

resource "google_monitoring_alert_policy" "last_resort" {
  project               = var.project_id
  display_name          = "Callers hear the last resort"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "A caller for whom not even a fallback was known"

    condition_threshold {
      filter          = "metric.type = \"${local.metric.last_resorts}\" AND ${local.edge_log}"
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "The phone edge could read nothing about the number that was called. See docs/operating.md, \"Callers hear the last resort\"."
  }
}

resource "google_monitoring_alert_policy" "slow_agents" {
  project               = var.project_id
  display_name          = "Agent start slow"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "An agent in twenty takes longer than ${var.thresholds.agent_start_ms} ms to be ready"

    condition_threshold {
      filter          = "metric.type = \"logging.googleapis.com/user/${google_logging_metric.agent_ready.name}\" AND resource.type = \"cloud_run_worker_pool\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.thresholds.agent_start_ms
      duration        = "600s"

      aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_PERCENTILE_95"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Callers hear ringing for longer than they should. See docs/operating.md, \"Agent start slow\"."
  }
}

resource "google_monitoring_alert_policy" "workers_missing" {
  for_each = { for name, instances in var.worker_pools : name => instances if instances > 0 }

  project               = var.project_id
  display_name          = "Worker instances missing: ${each.key}"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "Fewer than ${each.value} instances for 5 minutes"

    condition_threshold {
      filter          = "metric.type = \"run.googleapis.com/container/instance_count\" AND resource.type = \"cloud_run_worker_pool\" AND resource.labels.worker_pool_name = \"${each.key}\""
      comparison      = "COMPARISON_LT"
      threshold_value = each.value
      duration        = "300s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_MAX"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  # A pool with no instance at all reports nothing.
  conditions {
    display_name = "No instance for 5 minutes"

    condition_absent {
      filter   = "metric.type = \"run.googleapis.com/container/instance_count\" AND resource.type = \"cloud_run_worker_pool\" AND resource.labels.worker_pool_name = \"${each.key}\""
      duration = "300s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_MAX"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Calls may find no agent. See docs/operating.md, \"Worker instances missing\"."
  }
}

resource "google_monitoring_alert_policy" "late_tasks" {
  project               = var.project_id
  display_name          = "Watchdog tasks late"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "Tasks wait longer than ${var.thresholds.task_delay_seconds} s"

    condition_threshold {
      filter          = "metric.type = \"cloudtasks.googleapis.com/queue/task_attempt_delays\" AND resource.type = \"cloud_tasks_queue\" AND resource.labels.queue_id = \"${var.queue}\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.thresholds.task_delay_seconds * 1000
      duration        = "300s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_PERCENTILE_95"
        cross_series_reducer = "REDUCE_MAX"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "A call whose agent did not come or died is noticed late. See docs/operating.md, \"Watchdog tasks late\"."
  }
}

# settle-calls posts to the phone edge's public address every ten minutes: this notices an edge that is reached, and can do
# nothing. That nobody reaches it is noticed sooner, in uptime.tf.
resource "google_monitoring_alert_policy" "failed_jobs" {
  project               = var.project_id
  display_name          = "Scheduled work fails"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "Four attempts of a job failed within half an hour"

    condition_threshold {
      filter          = "metric.type = \"${local.metric.failed_jobs}\" AND resource.type = \"cloud_scheduler_job\""
      comparison      = "COMPARISON_GT"
      threshold_value = 3
      duration        = "0s"

      aggregations {
        alignment_period     = "1800s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.label.job_id"]
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Cloud Scheduler cannot reach a function, or the function cannot do its work. See docs/operating.md, \"Scheduled work fails\"."
  }
}

resource "google_monitoring_alert_policy" "api_errors" {
  project               = var.project_id
  display_name          = "API breaks"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = local.channels
  user_labels           = var.labels

  conditions {
    display_name = "More than ${var.thresholds.api_error_share * 100} % of the requests of 10 minutes broke"

    condition_threshold {
      filter             = "${local.api_requests} AND metric.labels.response_code_class = \"5xx\""
      denominator_filter = local.api_requests
      comparison         = "COMPARISON_GT"
      threshold_value    = var.thresholds.api_error_share
      duration           = "300s"

      aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.label.service_name"]
      }

      denominator_aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.label.service_name"]
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Members cannot work with the dashboard, or connect accounts. See docs/operating.md, \"API breaks\"."
  }
}
