# Empty containers. Values are added by `make secrets`, past Terraform: they are in no state and no plan.

locals {
  readers = merge([
    for id, secret in var.secrets : { for part, email in secret.readers : "${id} ${part}" => { id = id, email = email } }
  ]...)
}

resource "google_secret_manager_secret" "this" {
  for_each = var.secrets

  project             = var.project_id
  secret_id           = each.key
  labels              = var.labels
  annotations         = { description = each.value.description }
  deletion_protection = var.deletion_protection

  replication {
    dynamic "auto" {
      for_each = length(var.locations) == 0 ? [true] : []
      content {}
    }

    dynamic "user_managed" {
      for_each = length(var.locations) == 0 ? [] : [true]
      content {
        dynamic "replicas" {
          for_each = var.locations
          content {
            location = replicas.value
          }
        }
      }
    }
  }
}

resource "google_secret_manager_secret_iam_member" "reader" {
  for_each = local.readers

  project   = var.project_id
  secret_id = google_secret_manager_secret.this[each.value.id].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:${each.value.email}"
}
