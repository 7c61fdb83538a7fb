# What Cloud Build needs to build a function, instead of the default account, which may edit the whole project.

resource "google_project_iam_member" "build_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = local.members.build
}

resource "google_storage_bucket_iam_member" "build_sources" {
  bucket = var.function_sources_bucket
  role   = "roles/storage.objectViewer"
  member = local.members.build
}

# Cloud Functions copies sources into a bucket of its own before it builds them.
resource "google_project_iam_member" "build_copied_sources" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = local.members.build

  condition {
    title       = "copied-sources"
    description = "Only the bucket that Cloud Functions copies sources into"
    expression  = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${data.google_project.this.number}-\")"
  }
}

resource "google_artifact_registry_repository_iam_member" "build_images" {
  project    = var.project_id
  location   = var.image_repository.location
  repository = var.image_repository.repository
  role       = "roles/artifactregistry.writer"
  member     = local.members.build
}
