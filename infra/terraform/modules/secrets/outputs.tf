output "ids" {
  description = "Ids of the secrets, each of which needs a value before the functions can start."
  value       = sort(keys(google_secret_manager_secret.this))

  depends_on = [google_secret_manager_secret_iam_member.reader]
}
