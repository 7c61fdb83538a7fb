output "jobs" {
  description = "Names of the jobs."
  value       = sort([for job in google_cloud_scheduler_job.this : job.name])
}
