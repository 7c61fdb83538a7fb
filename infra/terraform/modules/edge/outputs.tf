output "address" {
  description = "The IPv4 address that both host names' A records must point to."
  value       = google_compute_global_address.this.address
}

output "api_url" {
  description = "Base URL of the functions."
  value       = "https://${var.api_domain}"
}

output "dashboard_url" {
  description = "The dashboard's address."
  value       = "https://${var.dashboard_domain}"
}

output "dashboard_bucket" {
  description = "Bucket that the dashboard's files are uploaded to."
  value       = google_storage_bucket.dashboard.name
}

output "paths" {
  description = "Which paths lead to which function; everything else leads to tools_api."
  value       = local.paths
}
