output "emails" {
  description = "E-mail addresses of the accounts, by part."
  value       = local.emails
}

output "build_email" {
  description = "E-mail of the account that builds functions, once it may."
  value       = local.emails.build

  depends_on = [
    google_project_iam_member.build_logs,
    google_project_iam_member.build_copied_sources,
    google_storage_bucket_iam_member.build_sources,
    google_artifact_registry_repository_iam_member.build_images,
  ]
}

output "permissions" {
  description = "What each part may do with documents and tenants' secrets, for `trunkline doctor` to compare with what it finds."
  value = {
    for part in ["incoming_call", "oauth", "tools_api", "worker"] : part => sort(concat(
      tolist(google_project_iam_custom_role.documents.permissions),
      try(local.secret_roles[part], []),
      contains(["oauth", "tools_api"], part) ? tolist(google_project_iam_custom_role.secret_creator.permissions) : [],
      part == "oauth" ? tolist(google_project_iam_custom_role.secret_lister.permissions) : [],
    ))
  }
}
