output "issuer" {
  description = "Issuer of members' ID tokens."
  value       = "https://securetoken.google.com/${google_identity_platform_config.this.project}"
}

output "audience" {
  description = "Audience of members' ID tokens."
  value       = var.project_id
}
