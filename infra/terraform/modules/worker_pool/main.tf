# Workers have no address: they open a connection to LiveKit and take calls from it.

locals {
  health_port = 8081

  environment = merge(
    {
      GOOGLE_CLOUD_PROJECT = var.project_id
      AGENT_NAME           = var.agent_name
      MAX_CALLS_PER_WORKER = tostring(var.size.max_calls)
      WARM_PROCESSES       = tostring(var.size.warm_processes)
      HEALTH_PORT          = tostring(local.health_port)
    },
    var.environment,
  )
}

resource "google_cloud_run_v2_worker_pool" "this" {
  project             = var.project_id
  location            = var.region
  name                = var.name
  description         = "Trunkline workers that answer as ${var.agent_name}"
  labels              = var.labels
  deletion_protection = var.deletion_protection

  scaling {
    scaling_mode          = "MANUAL"
    manual_instance_count = var.size.instances
  }

  template {
    service_account = var.service_account
    labels          = var.labels

    containers {
      name  = "worker"
      image = var.image

      resources {
        limits = {
          cpu    = tostring(var.size.cpu)
          memory = var.size.memory
        }
      }

      # By name, so that a plan shows what changed.
      dynamic "env" {
        for_each = local.environment
        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = var.secrets
        content {
          name = env.key
          value_source {
            secret_key_ref {
              secret  = env.value
              version = lookup(var.secret_versions, env.value, "latest")
            }
          }
        }
      }

      # Healthy is who is registered with LiveKit.
      startup_probe {
        period_seconds    = 5
        timeout_seconds   = 3
        failure_threshold = 24

        http_get {
          path = "/"
          port = local.health_port
        }
      }

      # Not "/": calls go on while the worker finds its way back to LiveKit, and a restart would end them.
      liveness_probe {
        period_seconds    = 30
        timeout_seconds   = 5
        failure_threshold = 10

        http_get {
          path = "/live"
          port = local.health_port
        }
      }
    }
  }
}
