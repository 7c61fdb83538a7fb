variable "project_id" {
  description = "The project that the workers run in."
  type        = string
}

variable "region" {
  description = "Where the workers run."
  type        = string
}

variable "name" {
  description = "Name of the worker pool."
  type        = string
}

variable "agent_name" {
  description = "The name that these workers register under with LiveKit."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,62}$", var.agent_name))
    error_message = "agent_name is lower case letters, digits and hyphens, at most 63 of them."
  }
}

variable "image" {
  description = "The worker's container image, as pushed by `make deploy`."
  type        = string

  validation {
    condition     = can(regex("^[^/\\s]+/[^\\s]+(:[^/\\s]+|@sha256:[0-9a-f]{64})$", var.image))
    error_message = "image names a registry, a repository and a tag or digest: REGION-docker.pkg.dev/PROJECT/trunkline/worker:TAG."
  }
}

variable "service_account" {
  description = "E-mail of the account that the workers run as."
  type        = string
}

variable "environment" {
  description = "Settings, by the name of the environment variable. Nothing secret: these are in the state."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Environment variables whose value is a secret's: variable => secret id."
  type        = map(string)
  default     = {}
}

variable "secret_versions" {
  description = "Which version of a secret: secret id => number. Of one that is not named, whichever is the newest when an instance starts."
  type        = map(string)
  default     = {}
}

variable "size" {
  description = "How many workers, how big one is, how many calls it takes and how many processes it keeps warm for them."
  type = object({
    instances      = optional(number, 1)
    cpu            = optional(number, 4)
    memory         = optional(string, "8Gi")
    max_calls      = optional(number, 10)
    warm_processes = optional(number, 5)
  })
  default = {}

  validation {
    condition     = var.size.instances >= 0 && var.size.instances <= 100
    error_message = "size.instances is between 0 and 100."
  }

  validation {
    condition     = contains([1, 2, 4, 6, 8], var.size.cpu)
    error_message = "size.cpu is one of 1, 2, 4, 6 and 8."
  }

  validation {
    condition     = can(regex("^[0-9]+(Mi|Gi)$", var.size.memory))
    error_message = "size.memory is a number with Mi or Gi behind it, such as 8Gi."
  }

  validation {
    condition     = var.size.max_calls >= 1 && var.size.max_calls <= 100
    error_message = "size.max_calls is between 1 and 100."
  }

  validation {
    condition     = var.size.warm_processes >= 0 && var.size.warm_processes <= var.size.max_calls
    error_message = "size.warm_processes is between 0 and size.max_calls."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the pool."
  type        = bool
  default     = true
}

variable "labels" {
  description = "Labels of the pool."
  type        = map(string)
  default     = {}
}
