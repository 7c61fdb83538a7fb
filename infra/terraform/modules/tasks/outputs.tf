output "queues" {
  description = "Full names of the queues, by name."
  value = {
    for name, queue in google_cloud_tasks_queue.this :
    name => "projects/${var.project_id}/locations/${var.region}/queues/${queue.name}"
  }
}
