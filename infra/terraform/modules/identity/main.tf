# E-mail with password, a second factor from an authenticator app. Sign-in with Google or a company's own provider
# needs a client secret, which would be in Terraform's state: it is set up in the console (docs/deploy.md).

resource "google_identity_platform_config" "this" {
  project                    = var.project_id
  authorized_domains         = var.authorized_domains
  autodelete_anonymous_users = true

  sign_in {
    allow_duplicate_emails = false

    email {
      enabled           = true
      password_required = true
    }

    anonymous {
      enabled = false
    }

    phone_number {
      enabled = false
    }
  }

  mfa {
    state = var.multi_factor

    dynamic "provider_configs" {
      for_each = var.multi_factor == "DISABLED" ? [] : [true]
      content {
        state = "ENABLED"

        totp_provider_config {
          adjacent_intervals = 1
        }
      }
    }
  }

  # Who has an account may do nothing until a tenant's owner makes them a member.
  client {
    permissions {
      disabled_user_signup   = false
      disabled_user_deletion = false
    }
  }

  monitoring {
    request_logging {
      enabled = true
    }
  }
}
