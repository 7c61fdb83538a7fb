# Firestore's IAM ends at the database: keeping tenants apart in it is the repositories' work.
resource "google_project_iam_custom_role" "documents" {
  project = var.project_id
  role_id = "trunkline.documents"
  title   = "Trunkline: read and write documents"
  permissions = [
    "datastore.databases.get",
    "datastore.entities.create",
    "datastore.entities.delete",
    "datastore.entities.get",
    "datastore.entities.list",
    "datastore.entities.update",
  ]
}

resource "google_project_iam_member" "documents" {
  for_each = toset(["incoming_call", "oauth", "tools_api", "worker"])

  project = var.project_id
  role    = google_project_iam_custom_role.documents.name
  member  = local.members[each.key]

  condition {
    title       = "default-database"
    description = "The deployment's database and no other of the project"
    expression  = "resource.name == \"projects/${var.project_id}/databases/(default)\""
  }
}

resource "google_project_iam_member" "vertex_ai" {
  count = var.vertex_ai ? 1 : 0

  project = var.project_id
  role    = "roles/aiplatform.user"
  member  = local.members.worker
}
