# Cloud Armor. Requests are checked by the functions themselves (signatures, tokens); here is what would cost them time.

locals {
  limits = {
    # Twilio and LiveKit call from few addresses and must never be refused: a high limit, no inspection of bodies,
    # whose spoken text could look like an attack.
    phone = { requests = var.requests_per_minute.phone, inspected = [] }
    api   = { requests = var.requests_per_minute.api, inspected = ["scannerdetection-v33-stable"] }
  }
}

resource "google_compute_security_policy" "this" {
  for_each = local.limits

  project     = var.project_id
  name        = "${var.name}-${each.key}"
  description = "Trunkline: what may reach the ${each.key == "phone" ? "phone edge" : "API"}"
  type        = "CLOUD_ARMOR"
  labels      = var.labels

  dynamic "rule" {
    for_each = { for position, rules in each.value.inspected : tostring(position) => rules }
    content {
      priority    = 100 + tonumber(rule.key)
      action      = "deny(403)"
      description = "Google's rules ${rule.value}"

      match {
        expr {
          # Not the rules about methods (PATCH, PUT and DELETE are what the API is for) nor those about bodies: an
          # agent's instructions may say anything.
          expression = "evaluatePreconfiguredWaf('${rule.value}', {'sensitivity': 1})"
        }
      }
    }
  }

  rule {
    priority    = 1000
    action      = "throttle"
    description = "At most ${each.value.requests} requests a minute from one address"

    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }

    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"

      rate_limit_threshold {
        count        = each.value.requests
        interval_sec = 60
      }
    }
  }

  rule {
    priority    = 2147483647
    action      = "allow"
    description = "Everybody else"

    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}
