# The least that rings: no own domain, one worker, the phone edge warm. Copy it to infra/terraform/terraform.tfvars.

project_id         = "example-project"
firestore_location = "us-central1"

livekit = {
  url      = "wss://example.livekit.cloud"
  api_key  = "APIexample"
  sip_host = "example.sip.livekit.cloud"
}

twilio_account_sid = "AC00000000000000000000000000000000"
