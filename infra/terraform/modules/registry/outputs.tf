output "id" {
  description = "Full name, as functions want it: projects/P/locations/L/repositories/R."
  value       = "projects/${var.project_id}/locations/${var.region}/repositories/${google_artifact_registry_repository.this.repository_id}"
}

output "url" {
  description = "What images' names begin with."
  value       = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.this.repository_id}"
}

output "repository" {
  description = "Name of the repository."
  value       = google_artifact_registry_repository.this.repository_id
}
