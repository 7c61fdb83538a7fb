mock_provider "google" {}

variables {
  project_id         = "example-project"
  authorized_domains = ["app.example.com"]
}

run "members_sign_in_with_a_password_and_may_add_a_factor" {
  command = plan

  assert {
    condition     = google_identity_platform_config.this.sign_in[0].email[0].password_required && !google_identity_platform_config.this.sign_in[0].anonymous[0].enabled
    error_message = "Somebody could sign in without a password."
  }

  assert {
    condition     = google_identity_platform_config.this.mfa[0].state == "ENABLED"
    error_message = "Members cannot add a second factor."
  }

  assert {
    condition     = output.issuer == "https://securetoken.google.com/example-project" && output.audience == "example-project"
    error_message = "The functions would trust other tokens than Identity Platform's."
  }
}

run "domains_are_host_names" {
  command         = plan
  expect_failures = [var.authorized_domains]

  variables {
    authorized_domains = ["https://app.example.com"]
  }
}

run "second_factors_are_on_off_or_a_must" {
  command         = plan
  expect_failures = [var.multi_factor]

  variables {
    multi_factor = "SOMETIMES"
  }
}
