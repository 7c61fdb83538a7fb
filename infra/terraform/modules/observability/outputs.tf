output "channels" {
  description = "Ids of the notification channels."
  value       = local.channels
}

output "alerts" {
  description = "Names of the alert policies; docs/operating.md has a section for each."
  value = sort(distinct(concat(
    [for name, _ in google_monitoring_alert_policy.workers_missing : "Worker instances missing"],
    [
      google_monitoring_alert_policy.api_errors.display_name,
      google_monitoring_alert_policy.edge_unreachable.display_name,
      google_monitoring_alert_policy.error_budget.display_name,
      google_monitoring_alert_policy.failed_jobs.display_name,
      google_monitoring_alert_policy.fallbacks.display_name,
      google_monitoring_alert_policy.last_resort.display_name,
      google_monitoring_alert_policy.late_tasks.display_name,
      google_monitoring_alert_policy.slow_agents.display_name,
    ],
  )))
}

output "log_filters" {
  description = "Filters of the log-based metrics, by name; a test holds them against the code's log lines."
  value       = merge({ for name, metric in google_logging_metric.counter : name => metric.filter }, { agent_ready = google_logging_metric.agent_ready.filter })
}
