# Metrics counted from log lines. A test looks each message up in the code: a line that is reworded fails it.

locals {
  edge   = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.services.incoming_call}\""
  worker = "resource.type=\"cloud_run_worker_pool\""

  counters = {
    calls = {
      description = "Calls that Twilio announced"
      # Cloud Run's own log of requests, so that calls that broke before our first line count as well. Twilio posts; the
      # uptime check (uptime.tf) asks for the same address by GET, several times a minute.
      filter = "${local.edge} AND log_id(\"run.googleapis.com/requests\") AND httpRequest.requestMethod=\"POST\" AND httpRequest.requestUrl=~\"/api/v1/voice/twilio/incoming$\" AND httpRequest.status!=403"
      labels = {}
    }
    fallbacks = {
      description = "Calls that got the fallback, by reason"
      filter      = "${local.edge} AND jsonPayload.message=\"serving the fallback\""
      labels      = { reason = "EXTRACT(jsonPayload.reason)", kind = "EXTRACT(jsonPayload.kind)" }
    }
    failed_calls = {
      description = "Calls that no agent answered although one should have, by reason"
      filter = join(" AND ", [
        local.edge,
        "jsonPayload.message=\"serving the fallback\"",
        "jsonPayload.reason=(\"platform_unavailable\" OR \"no_agent\" OR \"agent_lost\" OR \"model_unavailable\")",
      ])
      labels = { reason = "EXTRACT(jsonPayload.reason)" }
    }
    last_resorts = {
      description = "Calls for which not even the agent's fallback was known"
      filter = join(" AND ", [
        local.edge,
        "jsonPayload.message=(\"serving the last resort\" OR \"a mistake of ours; the caller gets the last resort\")",
      ])
      labels = {}
    }
    failed_jobs = {
      description = "Attempts of Cloud Scheduler that failed"
      filter      = "resource.type=\"cloud_scheduler_job\" AND resource.labels.job_id=(${join(" OR ", [for job in var.jobs : "\"${job}\""])}) AND severity>=ERROR"
      labels      = {}
    }
    lost_agents = {
      description = "Agents that went away during a call"
      filter = join(" OR ", [
        "(${local.edge} AND jsonPayload.message=(\"the agent left during the call\" OR \"an agent is not heard of any more\"))",
        "(${local.worker} AND jsonPayload.message=\"a call's process died\")",
      ])
      labels = {}
    }
  }
}

resource "google_logging_metric" "counter" {
  for_each = local.counters

  project     = var.project_id
  name        = "trunkline/${each.key}"
  description = each.value.description
  filter      = each.value.filter

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "INT64"
    unit         = "1"
    display_name = each.value.description

    dynamic "labels" {
      for_each = each.value.labels
      content {
        key        = labels.key
        value_type = "STRING"
      }
    }
  }

  label_extractors = each.value.labels
}

resource "google_logging_metric" "agent_ready" {
  project         = var.project_id
  name            = "trunkline/agent_ready_milliseconds"
  description     = "From the start of an agent's work on a call until it can speak"
  filter          = "${local.worker} AND jsonPayload.message=\"a step of the call was reached\" AND jsonPayload.step=\"agent_ready\""
  value_extractor = "EXTRACT(jsonPayload.milliseconds)"

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "DISTRIBUTION"
    unit         = "ms"
    display_name = "Time until an agent is ready"
  }

  bucket_options {
    exponential_buckets {
      num_finite_buckets = 40
      growth_factor      = 1.2
      scale              = 50
    }
  }
}

resource "google_logging_project_bucket_config" "default" {
  project        = var.project_id
  location       = "global"
  bucket_id      = "_Default"
  retention_days = var.log_retention_days
}
