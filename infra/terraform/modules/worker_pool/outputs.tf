output "name" {
  description = "Name of the worker pool."
  value       = google_cloud_run_v2_worker_pool.this.name
}

output "agent_name" {
  description = "The name that its workers register under with LiveKit."
  value       = var.agent_name
}
