# One deployment of Trunkline in one project. Each module makes one kind of thing; here they are wired together.

data "google_project" "this" {
  project_id = var.project_id
}

module "registry" {
  source = "./modules/registry"

  project_id = var.project_id
  region     = var.region
  labels     = local.labels

  depends_on = [google_project_service.this]
}

module "storage" {
  source = "./modules/storage"

  project_id          = var.project_id
  location            = var.region
  name_prefix         = var.project_id
  recordings          = var.recordings
  deletion_protection = var.deletion_protection
  labels              = local.labels

  depends_on = [google_project_service.this]
}

module "iam" {
  source = "./modules/iam"

  project_id              = var.project_id
  vertex_ai               = var.gemini.backend == "vertex_ai"
  function_sources_bucket = module.storage.sources_bucket
  image_repository        = { location = var.region, repository = module.registry.repository }

  depends_on = [google_project_service.this]
}

module "secrets" {
  source = "./modules/secrets"

  project_id          = var.project_id
  secrets             = local.deployment_secrets
  locations           = var.secret_locations
  deletion_protection = var.deletion_protection
  labels              = local.labels

  depends_on = [google_project_service.this]
}

module "firestore" {
  source = "./modules/firestore"

  project_id          = var.project_id
  location            = var.firestore_location
  backups             = var.backups
  deletion_protection = var.deletion_protection

  depends_on = [google_project_service.this]
}

module "tasks" {
  source = "./modules/tasks"

  project_id = var.project_id
  region     = var.region

  queues = {
    # A call's watchdog: late is as bad as never.
    calls = {
      enqueuer     = module.iam.emails.incoming_call
      identity     = module.iam.emails.tasks
      max_attempts = 20
      max_backoff  = "5s"
    }
    # Revoking and deleting what was removed: has time, must happen.
    removals = {
      enqueuer              = module.iam.emails.tools_api
      identity              = module.iam.emails.scheduler
      dispatches_per_second = 10
      concurrent_dispatches = 10
      max_attempts          = 100
      min_backoff           = "10s"
      max_backoff           = "3600s"
    }
  }

  depends_on = [google_project_service.this]
}

module "functions" {
  source   = "./modules/function"
  for_each = local.functions

  project_id                 = var.project_id
  region                     = var.region
  name                       = each.value.name
  entry_point                = each.key
  source_archive             = { path = "${local.functions_dir}/${each.key}.zip", bucket = module.storage.sources_bucket }
  build                      = { service_account = module.iam.build_email, repository = module.registry.id }
  service_account            = module.iam.emails[each.key]
  environment                = each.value.environment
  secrets                    = each.value.secrets
  secret_versions            = var.secret_versions
  scaling                    = var.functions[each.key]
  only_through_load_balancer = var.edge != null
  labels                     = merge(local.labels, { part = replace(each.key, "_", "-") })

  # A function that cannot read its secrets does not start.
  depends_on = [google_project_service.this, module.secrets, module.firestore]
}

module "worker_pools" {
  source   = "./modules/worker_pool"
  for_each = var.worker_releases

  project_id          = var.project_id
  region              = var.region
  name                = "trunkline-worker-${each.key}"
  agent_name          = local.agent_names[each.key]
  image               = each.value.image
  service_account     = module.iam.emails.worker
  environment         = merge(local.worker_environment, each.value.environment)
  secrets             = local.worker_secrets
  secret_versions     = var.secret_versions
  deletion_protection = var.deletion_protection && each.key == var.live_release
  labels              = merge(local.labels, { part = "worker", release = each.key })

  size = {
    instances      = each.value.instances
    cpu            = each.value.cpu
    memory         = each.value.memory
    max_calls      = each.value.max_calls
    warm_processes = each.value.warm_processes
  }

  depends_on = [google_project_service.this, module.secrets, module.firestore]
}

module "scheduler" {
  source = "./modules/scheduler"

  project_id      = var.project_id
  region          = var.region
  service_account = module.iam.emails.scheduler

  jobs = {
    reconcile-secrets = {
      description = "Destroys secrets that no document names, finishes what broke off"
      schedule    = var.reconcile_secrets.schedule
      url         = "${local.urls.oauth}/api/v1/tasks/reconcile-secrets"
      audience    = local.urls.oauth
      body        = { apply = var.reconcile_secrets.apply }
    }
    delete-overdue-recordings = {
      description     = "Deletes recordings at Twilio whose calls have expired"
      schedule        = "23 * * * *"
      url             = "${local.urls.incoming_call}/api/v1/tasks/delete-overdue-recordings"
      audience        = local.urls.incoming_call
      body            = {}
      service_account = module.iam.emails.tasks
    }
    settle-calls = {
      description     = "Asks Twilio about calls without an outcome and voicemails without a recording"
      schedule        = "*/10 * * * *"
      url             = "${local.urls.incoming_call}/api/v1/tasks/settle-calls"
      audience        = local.urls.incoming_call
      body            = {}
      service_account = module.iam.emails.tasks
    }
  }

  depends_on = [google_project_service.this]
}

module "identity" {
  source = "./modules/identity"
  count  = var.sign_in == null ? 1 : 0

  project_id         = var.project_id
  multi_factor       = var.multi_factor
  authorized_domains = distinct(["localhost", split(":", split("//", local.dashboard_origin)[1])[0]])

  depends_on = [google_project_service.this]
}

module "edge" {
  source = "./modules/edge"
  count  = var.edge == null ? 0 : 1

  project_id          = var.project_id
  region              = var.region
  api_domain          = var.edge.api_domain
  dashboard_domain    = var.edge.dashboard_domain
  services            = { for part, function in module.functions : part => function.name }
  requests_per_minute = var.edge.requests_per_minute
  deletion_protection = var.deletion_protection
  labels              = local.labels

  dashboard = {
    bucket   = "${var.project_id}-dashboard"
    location = var.region
    config   = local.dashboard_config
    headers  = local.dashboard_headers
  }

  depends_on = [google_project_service.this]
}

module "observability" {
  source = "./modules/observability"

  project_id         = var.project_id
  services           = { for part, function in local.functions : part => function.name }
  edge_url           = "${local.urls.incoming_call}/api/v1/voice/twilio/incoming"
  worker_pools       = { for name, release in var.worker_releases : module.worker_pools[name].name => release.instances }
  queue              = "calls"
  jobs               = module.scheduler.jobs
  emails             = var.alerts.emails
  channels           = var.alerts.channels
  log_retention_days = var.log_retention_days
  labels             = local.labels

  thresholds = {
    fallback_share     = var.alerts.fallback_share
    agent_start_ms     = var.alerts.agent_start_ms
    availability_goal  = var.alerts.availability_goal
    task_delay_seconds = var.alerts.task_delay_seconds
    api_error_share    = var.alerts.api_error_share
  }

  depends_on = [google_project_service.this]
}

module "budget" {
  source = "./modules/budget"
  count  = var.budget == null ? 0 : 1

  project_id            = var.project_id
  billing_account       = var.budget.billing_account
  monthly_amount        = var.budget.monthly_amount
  currency              = var.budget.currency
  notification_channels = slice(module.observability.channels, 0, min(5, length(module.observability.channels)))

  depends_on = [google_project_service.this]
}
