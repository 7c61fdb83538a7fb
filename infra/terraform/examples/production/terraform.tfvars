# Own domain, load balancer, alerts, budget, several workers. Copy it to infra/terraform/terraform.tfvars.

project_id         = "example-voice-prod"
region             = "us-central1"
firestore_location = "nam5" # several regions; can never be changed

livekit = {
  url      = "wss://livekit.example.com"
  api_key  = "APIexample"
  sip_host = "sip.example.com"
}

twilio_account_sid = "AC00000000000000000000000000000000"

# One site, two names: the cookie that binds a connection to a browser needs it.
edge = {
  api_domain       = "api.example.com"
  dashboard_domain = "app.example.com"
}

google_oauth_client_id = "1234567890-example.apps.googleusercontent.com"
multi_factor           = "MANDATORY"

functions = {
  incoming_call = { min_instances = 2, max_instances = 100, cpu = 2, memory = "1Gi" }
  oauth         = { min_instances = 0 }
  tools_api     = { min_instances = 1 }
}

# When not even an agent's own fallback can be read.
fallback = { number = "+14155550100" }

alerts = {
  emails         = ["voice-oncall@example.com"]
  fallback_share = 0.01
}

budget = {
  billing_account = "012345-6789AB-CDEF01"
  monthly_amount  = 2000
}

log_retention_days = 90
recordings         = { retention_days = 30 }

labels = { team = "voice", environment = "production" }
