locals {
  charts = [
    {
      title = "Calls a minute"
      sets  = [{ filter = "metric.type=\"${local.metric.calls}\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", group = [] }]
    },
    {
      title = "Fallbacks by reason"
      sets  = [{ filter = "metric.type=\"${local.metric.fallbacks}\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", group = ["metric.label.reason"] }]
    },
    {
      title = "Time until an agent is ready (median, 95th percentile)"
      sets = [
        for reducer in ["REDUCE_PERCENTILE_50", "REDUCE_PERCENTILE_95"] :
        { filter = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.agent_ready.name}\"", aligner = "ALIGN_DELTA", reducer = reducer, group = [] }
      ]
    },
    {
      title = "Agents lost during calls"
      sets  = [{ filter = "metric.type=\"${local.metric.lost_agents}\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", group = [] }]
    },
    {
      title = "Worker instances by pool"
      sets  = [{ filter = "metric.type=\"run.googleapis.com/container/instance_count\" resource.type=\"cloud_run_worker_pool\"", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", group = ["resource.label.worker_pool_name"] }]
    },
    {
      title = "Workers' CPU (95th percentile)"
      sets  = [{ filter = "metric.type=\"run.googleapis.com/container/cpu/utilizations\" resource.type=\"cloud_run_worker_pool\"", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95", group = ["resource.label.worker_pool_name"] }]
    },
    {
      title = "Latency of functions (95th percentile)"
      sets  = [{ filter = "metric.type=\"run.googleapis.com/request_latencies\" resource.type=\"cloud_run_revision\"", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95", group = ["resource.label.service_name"] }]
    },
    {
      title = "Function instances"
      sets  = [{ filter = "metric.type=\"run.googleapis.com/container/instance_count\" resource.type=\"cloud_run_revision\"", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", group = ["resource.label.service_name"] }]
    },
  ]
}

resource "google_monitoring_dashboard" "calls" {
  project = var.project_id

  dashboard_json = jsonencode({
    displayName = "Trunkline"
    labels      = { for key, value in var.labels : "${key}-${value}" => "" }
    mosaicLayout = {
      columns = 48
      tiles = [
        for position, chart in local.charts : {
          xPos   = position % 2 * 24
          yPos   = floor(position / 2) * 16
          width  = 24
          height = 16
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [
                for set in chart.sets : {
                  plotType = "LINE"
                  timeSeriesQuery = {
                    timeSeriesFilter = {
                      filter = set.filter
                      aggregation = {
                        alignmentPeriod    = "60s"
                        perSeriesAligner   = set.aligner
                        crossSeriesReducer = set.reducer
                        groupByFields      = set.group
                      }
                    }
                  }
                }
              ]
            }
          }
        }
      ]
    }
  })
}
