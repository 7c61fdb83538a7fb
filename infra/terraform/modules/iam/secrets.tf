# Who may do what with tenants' secrets: the table in docs/security.md. The laptop's Secret Manager enforces the same
# permissions (local/google/iam.py); a test compares them.

locals {
  secret_prefix = "projects/${data.google_project.this.number}/secrets/trunkline-"

  secret_roles = {
    # Reads what a call needs, and stores what a provider rotated. Cannot destroy: a stolen worker cannot wipe.
    worker = [
      "secretmanager.versions.access",
      "secretmanager.versions.add",
    ]
    oauth = [
      "secretmanager.secrets.delete",
      "secretmanager.versions.access",
      "secretmanager.versions.add",
      "secretmanager.versions.destroy",
      "secretmanager.versions.list",
    ]
    # Takes secret fields from forms and can never read one back.
    tools_api = [
      "secretmanager.versions.add",
      "secretmanager.versions.destroy",
    ]
  }
}

resource "google_project_iam_custom_role" "secrets" {
  for_each = local.secret_roles

  project     = var.project_id
  role_id     = "trunkline.${each.key}.secrets"
  title       = "Trunkline: what ${each.key} may do with tenants' secrets"
  permissions = each.value
}

resource "google_project_iam_member" "secrets" {
  for_each = local.secret_roles

  project = var.project_id
  role    = google_project_iam_custom_role.secrets[each.key].name
  member  = local.members[each.key]

  condition {
    title       = "tenants-secrets"
    description = "Secrets of tenants only, which are recognised by their name"
    expression  = "resource.name.startsWith(\"${local.secret_prefix}\")"
  }
}

# Creating and listing act on the project, where a condition cannot name a secret.
resource "google_project_iam_custom_role" "secret_creator" {
  project     = var.project_id
  role_id     = "trunkline.secret.creator"
  title       = "Trunkline: create secrets"
  permissions = ["secretmanager.secrets.create"]
}

resource "google_project_iam_custom_role" "secret_lister" {
  project     = var.project_id
  role_id     = "trunkline.secret.lister"
  title       = "Trunkline: list secrets' names"
  permissions = ["secretmanager.secrets.list"]
}

resource "google_project_iam_member" "secret_creator" {
  for_each = toset(["oauth", "tools_api"])

  project = var.project_id
  role    = google_project_iam_custom_role.secret_creator.name
  member  = local.members[each.key]
}

# The API names what it destroys; only who reconciles and deletes has to find secrets.
resource "google_project_iam_member" "secret_lister" {
  project = var.project_id
  role    = google_project_iam_custom_role.secret_lister.name
  member  = local.members.oauth
}

# Each read of a value has a name to it.
resource "google_project_iam_audit_config" "secrets" {
  project = var.project_id
  service = "secretmanager.googleapis.com"

  dynamic "audit_log_config" {
    for_each = toset(["ADMIN_READ", "DATA_READ", "DATA_WRITE"])
    content {
      log_type = audit_log_config.value
    }
  }
}
