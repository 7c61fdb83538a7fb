variable "edge" {
  description = "Own domain, load balancer and Cloud Armor; null: functions are reached at their run.app addresses, and the dashboard is not hosted."
  type = object({
    api_domain       = string
    dashboard_domain = string
    requests_per_minute = optional(object({
      phone = optional(number, 6000)
      api   = optional(number, 1200)
    }), {})
  })
  default = null
}

variable "dashboard_origin" {
  description = "Where the dashboard is when it is hosted elsewhere or run on a laptop (needed when edge is null)."
  type        = string
  default     = "http://localhost:3000"

  validation {
    condition     = can(regex("^https?://[a-z0-9.-]+(:[0-9]+)?$", var.dashboard_origin))
    error_message = "dashboard_origin is scheme and host only, such as https://app.example.com."
  }
}

variable "sign_in" {
  description = "The OpenID Connect provider that members sign in with; null: this project's Identity Platform, which is set up too."
  type = object({
    issuer    = string
    client_id = string
  })
  default = null

  validation {
    condition     = var.sign_in == null ? true : startswith(var.sign_in.issuer, "https://")
    error_message = "sign_in.issuer begins with https:// and answers OpenID Connect Discovery."
  }
}

variable "multi_factor" {
  description = "Second factor at Identity Platform: DISABLED, ENABLED or MANDATORY."
  type        = string
  default     = "ENABLED"
}

variable "gemini" {
  description = "How the worker reaches Gemini: backend gemini_api (with a key in Secret Manager) or vertex_ai (with the worker's account, in a location)."
  type = object({
    backend  = optional(string, "gemini_api")
    location = optional(string)
  })
  default = {}

  validation {
    condition     = contains(["gemini_api", "vertex_ai"], var.gemini.backend)
    error_message = "gemini.backend is gemini_api or vertex_ai."
  }

  validation {
    condition     = var.gemini.backend != "vertex_ai" || var.gemini.location != null
    error_message = "gemini.location is needed with vertex_ai, for example us-central1."
  }
}

variable "google_oauth_client_id" {
  description = "OAuth client for connecting Google accounts (Calendar); null: tools that need one say that it is not set up."
  type        = string
  default     = null

  validation {
    condition     = var.google_oauth_client_id == null ? true : endswith(var.google_oauth_client_id, ".apps.googleusercontent.com")
    error_message = "google_oauth_client_id ends with .apps.googleusercontent.com."
  }
}

variable "oauth2_provider" {
  description = "Another OAuth 2.0 provider that tools connect to."
  type = object({
    name                   = string
    display_name           = optional(string)
    client_id              = string
    auth_uri               = string
    token_uri              = string
    revoke_uri             = optional(string)
    userinfo_uri           = optional(string)
    auth_parameters        = optional(map(string), {})
    rotates_refresh_tokens = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.oauth2_provider == null ? true : startswith(var.oauth2_provider.auth_uri, "https://") && startswith(var.oauth2_provider.token_uri, "https://")
    error_message = "oauth2_provider.auth_uri and token_uri begin with https://."
  }
}

variable "functions" {
  description = "Scaling by function. The phone edge keeps an instance warm, so that no caller waits for a cold start. A new project may have 20 CPUs in a region: Cloud Run refuses max_instances × cpu above that."
  type = object({
    incoming_call = optional(object({
      min_instances = optional(number, 1)
      max_instances = optional(number, 20)
      concurrency   = optional(number, 40)
      cpu           = optional(number, 1)
      memory        = optional(string, "512Mi")
    }), {})
    oauth = optional(object({
      min_instances = optional(number, 0)
      max_instances = optional(number, 10)
      concurrency   = optional(number, 40)
      cpu           = optional(number, 1)
      memory        = optional(string, "512Mi")
    }), {})
    tools_api = optional(object({
      min_instances = optional(number, 0)
      max_instances = optional(number, 20)
      concurrency   = optional(number, 40)
      cpu           = optional(number, 1)
      memory        = optional(string, "512Mi")
    }), {})
  })
  default = {}
}

variable "secret_versions" {
  description = "Versions of the deployment's secrets that functions and workers start with: secret id => number. `make deploy` writes the newest ones into secrets.auto.tfvars.json: a new value is then a change that Terraform sees, rolls out and can take back."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for version in values(var.secret_versions) : can(regex("^[1-9][0-9]*$", version))])
    error_message = "secret_versions are versions' numbers, such as 3."
  }
}

variable "secret_locations" {
  description = "Regions that secrets are kept in, the deployment's and tenants' (data residency); empty: Google chooses. Where a secret is cannot be changed: set it before the first deployment."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for location in var.secret_locations : can(regex("^[a-z]+-[a-z]+[0-9]+$", location))])
    error_message = "secret_locations are regions such as europe-west1, not zones, and not several regions at once such as eur3."
  }
}

variable "fallback" {
  description = "What callers get when not even their agent's own fallback can be read: a number to forward to, else a message."
  type = object({
    number  = optional(string)
    message = optional(string)
  })
  default = {}

  validation {
    condition     = var.fallback.number == null ? true : can(regex("^\\+[1-9][0-9]{6,14}$", var.fallback.number))
    error_message = "fallback.number is in international form, such as +14155550100."
  }
}

variable "reconcile_secrets" {
  description = "When left-over secrets are looked for (cron, UTC), and whether they are destroyed or only reported."
  type = object({
    schedule = optional(string, "7 * * * *")
    apply    = optional(bool, true)
  })
  default = {}
}

variable "recordings" {
  description = "Days that recordings are kept, and who (IAM members) may write them, such as LiveKit egress."
  type = object({
    retention_days = optional(number, 30)
    writers        = optional(set(string), [])
  })
  default = {}
}

variable "backups" {
  description = "Days that Firestore's daily and weekly backups are kept, at most 98; 0: none of that kind."
  type = object({
    daily_days  = optional(number, 7)
    weekly_days = optional(number, 98)
  })
  default = {}
}

variable "alerts" {
  description = "Who is told, and when; channels are ids of notification channels that were made by hand (PagerDuty, Slack)."
  type = object({
    emails             = optional(list(string), [])
    channels           = optional(list(string), [])
    fallback_share     = optional(number, 0.02)
    agent_start_ms     = optional(number, 1500)
    availability_goal  = optional(number, 0.995)
    task_delay_seconds = optional(number, 5)
    api_error_share    = optional(number, 0.05)
  })
  default = {}
}

variable "log_retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
}

variable "log_level" {
  description = "Log level of all parts."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level is DEBUG, INFO, WARNING or ERROR."
  }

  validation {
    condition     = contains(["DEBUG", "INFO"], var.log_level) || length(concat(var.alerts.emails, var.alerts.channels)) == 0
    error_message = "Alerts are counted from lines at INFO and WARNING: with alerts, log_level is INFO or DEBUG."
  }
}

variable "budget" {
  description = "Monthly budget of the project; null: none is made."
  type = object({
    billing_account = string
    monthly_amount  = number
    currency        = optional(string, "USD")
  })
  default = null
}

variable "labels" {
  description = "Further labels of everything that can have them."
  type        = map(string)
  default     = {}

  validation {
    condition = alltrue([
      for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))
    ])
    error_message = "Labels' keys and values are lower case letters, digits, hyphens and underscores, at most 63, and keys begin with a letter."
  }
}

variable "deletion_protection" {
  description = "Whether database, secrets, workers and buckets that hold something are protected from deletion. Set it to false and apply before `terraform destroy`."
  type        = bool
  default     = true
}

variable "dashboard_dir" {
  description = "Folder with the dashboard's pages, which `make dashboard` writes; relative to this module."
  type        = string
  default     = "../../dashboard/out"
}

variable "former_dashboard_hashes" {
  description = "Hashes of the inline scripts of the pages that are there until the built ones are uploaded; they stay allowed. `make deploy` writes them into dashboard.auto.tfvars.json."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for hash in var.former_dashboard_hashes : can(regex("^'sha256-[A-Za-z0-9+/=]+'$", hash))])
    error_message = "former_dashboard_hashes are as a Content-Security-Policy has them, such as 'sha256-…' with the quotes."
  }
}

variable "functions_dir" {
  description = "Folder with the functions' archives, which `make package` writes; relative to this module."
  type        = string
  default     = "../../.build/functions"
}
