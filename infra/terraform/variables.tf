# What everybody has to decide. Everything else has a default, in variables-*.tf.

variable "project_id" {
  description = "The Google Cloud project. It should hold nothing but Trunkline."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id is a project's id (not its name or number): 6 to 30 lower case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Where functions and workers run: near LiveKit and the callers."
  type        = string
  default     = "us-central1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region is a region such as us-central1 or europe-west1, not a zone."
  }
}

variable "firestore_location" {
  description = "Where documents are kept: a region, or nam5 or eur3 for several at once. It can never be changed."
  type        = string
}

variable "livekit" {
  description = "The LiveKit server: address, API key and host of its SIP service. The API secret goes into Secret Manager."
  type = object({
    url          = string
    api_key      = string
    sip_host     = string
    sip_username = optional(string, "trunkline")
  })

  validation {
    condition     = can(regex("^wss://[^/]+$", var.livekit.url))
    error_message = "livekit.url begins with wss:// and has no path: wss://livekit.example.com or wss://PROJECT.livekit.cloud."
  }

  validation {
    condition     = can(regex("^[a-zA-Z0-9.-]+(:[0-9]+)?$", var.livekit.sip_host))
    error_message = "livekit.sip_host is a host, or host:port, without sip: before it."
  }

  validation {
    condition     = length(var.livekit.api_key) > 0
    error_message = "livekit.api_key is the API key's name (not its secret)."
  }
}

variable "twilio_account_sid" {
  description = "The Twilio account whose numbers are attached. Its auth token goes into Secret Manager."
  type        = string

  validation {
    condition     = can(regex("^AC[0-9a-f]{32}$", var.twilio_account_sid))
    error_message = "twilio_account_sid is AC and 32 hexadecimal digits, from Twilio's console."
  }
}

variable "worker_releases" {
  description = "Releases of the worker that run side by side: name => image, and what differs from the defaults. `make deploy` writes the image into releases.auto.tfvars.json."
  type = map(object({
    image          = string
    agent_name     = optional(string)
    instances      = optional(number, 1)
    cpu            = optional(number, 4)
    memory         = optional(string, "8Gi")
    max_calls      = optional(number, 10)
    warm_processes = optional(number, 5)
    environment    = optional(map(string), {})
  }))

  validation {
    condition     = length(var.worker_releases) > 0
    error_message = "worker_releases needs at least one release, such as blue."
  }

  validation {
    condition     = alltrue([for name in keys(var.worker_releases) : can(regex("^[a-z][a-z0-9-]{0,19}$", name))])
    error_message = "A release's name is at most 20 lower case letters, digits and hyphens, such as blue."
  }

  validation {
    condition     = length(distinct([for name, release in var.worker_releases : coalesce(release.agent_name, "trunkline-${name}")])) == length(var.worker_releases)
    error_message = "Two releases have the same agent_name: LiveKit could not tell them apart."
  }
}

variable "live_release" {
  description = "The release that new calls go to unless the deployment's operator shifts shares between releases."
  type        = string

  validation {
    condition     = contains(keys(var.worker_releases), var.live_release)
    error_message = "live_release is not one of worker_releases."
  }
}
