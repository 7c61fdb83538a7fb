output "name" {
  description = "Name of the function and of its Cloud Run service."
  value       = google_cloudfunctions2_function.this.name
}

output "url" {
  description = "Its address without the load balancer."
  value       = local.url
}

output "public_member" {
  description = "Who may call it as far as IAM is concerned."
  value       = google_cloud_run_v2_service_iam_member.public.member
}
