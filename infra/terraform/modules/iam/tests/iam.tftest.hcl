mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project_id              = "example-project"
  function_sources_bucket = "example-project-sources"
  image_repository        = { location = "us-central1", repository = "trunkline" }
}

run "each_part_has_its_own_account" {
  command = plan

  assert {
    condition = toset([for account in google_service_account.this : account.account_id]) == toset([
      for part in ["incoming-call", "oauth", "tools-api", "worker", "tasks", "scheduler", "build"] : "trunkline-${part}"
    ])
    error_message = "Two parts share an account, or one has none."
  }
}

run "tenants_secrets_only_and_by_name" {
  command = plan

  assert {
    condition = alltrue([
      for grant in google_project_iam_member.secrets :
      grant.condition[0].expression == "resource.name.startsWith(\"projects/123456789012/secrets/trunkline-\")"
    ])
    error_message = "A part could touch secrets that are not tenants'."
  }

  assert {
    condition     = !contains(keys(google_project_iam_custom_role.secrets), "incoming_call")
    error_message = "The phone edge may touch secrets: it copies names, never values."
  }

  assert {
    condition     = !contains(google_project_iam_custom_role.secrets["tools_api"].permissions, "secretmanager.versions.access")
    error_message = "The API could read back what people typed into forms."
  }

  assert {
    condition     = !contains(google_project_iam_custom_role.secrets["worker"].permissions, "secretmanager.versions.destroy")
    error_message = "A stolen worker could wipe all tenants' secrets."
  }
}

run "what_doctor_is_told_is_what_is_granted" {
  command = plan

  assert {
    condition     = output.permissions.incoming_call == tolist(sort(google_project_iam_custom_role.documents.permissions))
    error_message = "The phone edge has documents and nothing else."
  }

  assert {
    condition = alltrue([
      for part, permissions in output.permissions : toset(permissions) == setunion(
        google_project_iam_custom_role.documents.permissions,
        try(google_project_iam_custom_role.secrets[part].permissions, []),
        contains(keys(google_project_iam_member.secret_creator), part) ? google_project_iam_custom_role.secret_creator.permissions : [],
        google_project_iam_member.secret_lister.member == "serviceAccount:${output.emails[part]}" ? google_project_iam_custom_role.secret_lister.permissions : [],
      )
    ])
    error_message = "Output permissions says something else than the roles."
  }
}

run "no_wildcards" {
  command = plan

  assert {
    condition = alltrue([
      for permission in flatten([
        [for role in google_project_iam_custom_role.secrets : tolist(role.permissions)],
        tolist(google_project_iam_custom_role.secret_creator.permissions),
        tolist(google_project_iam_custom_role.secret_lister.permissions),
        tolist(google_project_iam_custom_role.documents.permissions),
      ]) : !strcontains(permission, "*")
    ])
    error_message = "A custom role has a wildcard."
  }
}

run "reads_of_secrets_are_logged" {
  command = plan

  assert {
    condition     = contains([for log in google_project_iam_audit_config.secrets.audit_log_config : log.log_type], "DATA_READ")
    error_message = "Nobody would know who read a secret."
  }
}

run "vertex_ai_takes_a_role" {
  command = plan

  variables {
    vertex_ai = true
  }

  assert {
    condition     = google_project_iam_member.vertex_ai[0].role == "roles/aiplatform.user"
    error_message = "The worker could not reach Gemini."
  }
}

run "without_vertex_ai_there_is_none" {
  command = plan

  assert {
    condition     = length(google_project_iam_member.vertex_ai) == 0
    error_message = "The worker has a role that it does not need."
  }
}

run "a_prefix_ends_with_a_hyphen" {
  command         = plan
  expect_failures = [var.account_prefix]

  variables {
    account_prefix = "prod"
  }
}
