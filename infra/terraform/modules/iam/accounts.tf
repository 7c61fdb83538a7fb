# One account for each part, with what that part does and nothing else. No keys: nothing signs in with a file.

data "google_project" "this" {
  project_id = var.project_id
}

locals {
  accounts = {
    incoming_call = "Trunkline: answers Twilio and LiveKit"
    oauth         = "Trunkline: connects accounts, removes and reconciles secrets"
    tools_api     = "Trunkline: the API"
    worker        = "Trunkline: the agents"
    tasks         = "Trunkline: whom Cloud Tasks signs in as at incoming_call"
    scheduler     = "Trunkline: whom Cloud Scheduler and removals sign in as at oauth"
    build         = "Trunkline: builds the functions"
  }

  # Put together rather than read back, so that plans show them.
  emails  = { for part, account in google_service_account.this : part => "${account.account_id}@${var.project_id}.iam.gserviceaccount.com" }
  members = { for part, email in local.emails : part => "serviceAccount:${email}" }
}

resource "google_service_account" "this" {
  for_each = local.accounts

  project      = var.project_id
  account_id   = "${var.account_prefix}${replace(each.key, "_", "-")}"
  display_name = each.value
}
