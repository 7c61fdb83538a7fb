# A function of the second generation: built from source by Cloud Build, run by Cloud Run.

data "google_project" "this" {
  project_id = var.project_id
}

locals {
  # Cloud Run's address of a service is known before the service exists, so that a function can be told its own.
  url = "https://${var.name}-${data.google_project.this.number}.${var.region}.run.app"
}

resource "google_storage_bucket_object" "source" {
  # Named after its contents: the function is built again when the source changes, and only then.
  name   = "${var.name}/${filesha256(var.source_archive.path)}.zip"
  bucket = var.source_archive.bucket
  source = var.source_archive.path
}

resource "google_cloudfunctions2_function" "this" {
  project     = var.project_id
  location    = var.region
  name        = var.name
  description = "Trunkline: ${var.entry_point}"
  labels      = var.labels

  build_config {
    runtime           = "python311"
    entry_point       = var.entry_point
    docker_repository = var.build.repository
    service_account   = "projects/${var.project_id}/serviceAccounts/${var.build.service_account}"

    source {
      storage_source {
        bucket = google_storage_bucket_object.source.bucket
        object = google_storage_bucket_object.source.name
      }
    }
  }

  service_config {
    service_account_email            = var.service_account
    min_instance_count               = var.scaling.min_instances
    max_instance_count               = var.scaling.max_instances
    max_instance_request_concurrency = var.scaling.concurrency
    available_cpu                    = tostring(var.scaling.cpu)
    available_memory                 = var.scaling.memory
    timeout_seconds                  = var.scaling.timeout_seconds
    all_traffic_on_latest_revision   = true
    ingress_settings                 = var.only_through_load_balancer ? "ALLOW_INTERNAL_AND_GCLB" : "ALLOW_ALL"
    environment_variables            = merge({ GOOGLE_CLOUD_PROJECT = var.project_id }, var.environment)

    dynamic "secret_environment_variables" {
      for_each = var.secrets
      content {
        key        = secret_environment_variables.key
        project_id = var.project_id
        secret     = secret_environment_variables.value
        version    = lookup(var.secret_versions, secret_environment_variables.value, "latest")
      }
    }
  }
}

# Twilio, LiveKit and browsers cannot sign in to Google Cloud. The function itself checks who calls: Twilio's and
# LiveKit's signatures, people's ID tokens, Cloud Tasks' and Cloud Scheduler's OIDC tokens (docs/security.md).
resource "google_cloud_run_v2_service_iam_member" "public" {
  project  = var.project_id
  location = var.region
  name     = google_cloudfunctions2_function.this.name
  role     = "roles/run.invoker"
  member   = "allUsers"
}
