output "deployment" {
  description = "What the operator's command reads (terraform output -json deployment)."
  value = {
    project_id = var.project_id
    region     = var.region
    urls = {
      incoming_call = local.urls.incoming_call
      oauth         = local.urls.oauth
      tools_api     = local.urls.tools_api
      dashboard     = local.dashboard_origin
    }
    worker_pools = { for name, pool in module.worker_pools : name => { name = pool.name, agent_name = pool.agent_name } }
    tasks_queue  = module.tasks.queues.calls
    service_accounts = {
      for part in ["incoming_call", "oauth", "tools_api", "worker", "tasks", "scheduler"] : part => module.iam.emails[part]
    }
    permissions        = module.iam.permissions
    secret_readers     = { for id, secret in local.deployment_secrets : id => keys(secret.readers) }
    artifact_registry  = module.registry.url
    recordings_bucket  = module.storage.recordings_bucket
    livekit_url        = var.livekit.url
    livekit_api_key    = var.livekit.api_key
    sip_host           = var.livekit.sip_host
    sip_username       = var.livekit.sip_username
    twilio_account_sid = var.twilio_account_sid
    live_release       = var.live_release
    fallback_number    = var.fallback.number
  }
}

output "webhooks" {
  description = "What Twilio's numbers and LiveKit call."
  value = {
    twilio_voice    = "${local.urls.incoming_call}/api/v1/voice/twilio/incoming"
    twilio_fallback = "${local.urls.incoming_call}/api/v1/voice/twilio/fallback"
    twilio_status   = "${local.urls.incoming_call}/api/v1/voice/twilio/status"
    livekit         = "${local.urls.incoming_call}/api/v1/voice/livekit/webhook"
    oauth_redirect  = "${local.urls.oauth}/api/v1/oauth/google/callback"
  }
}

output "secrets" {
  description = "Secrets that need a value (`make secrets`) before functions and workers can start."
  value       = module.secrets.ids
}

output "dns" {
  description = "A records to make at your DNS provider; empty without own domains."
  value = var.edge == null ? {} : {
    (var.edge.api_domain)       = module.edge[0].address
    (var.edge.dashboard_domain) = module.edge[0].address
  }
}

output "dashboard_bucket" {
  description = "Bucket that the dashboard's files are uploaded to; null without own domains."
  value       = var.edge == null ? null : module.edge[0].dashboard_bucket
}

output "live_release" {
  description = "The release that new calls go to."
  value       = var.live_release
}

output "project_id" {
  description = "The project; there before anything else is."
  # Of a resource: an output that is made of a variable alone is not there before the whole is (-target).
  value = data.google_project.this.project_id
}

output "artifact_registry" {
  description = "What images' names begin with; there before anything else is."
  value       = module.registry.url
}
