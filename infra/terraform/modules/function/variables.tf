variable "project_id" {
  description = "The project that the function runs in."
  type        = string
}

variable "region" {
  description = "Where the function runs."
  type        = string
}

variable "name" {
  description = "Name of the function and of the Cloud Run service behind it; part of its address."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,48}[a-z0-9]$", var.name))
    error_message = "A function's name is lower case letters, digits and hyphens, 2 to 50 of them, and begins with a letter."
  }
}

variable "entry_point" {
  description = "The Python function in main.py that answers requests."
  type        = string
}

variable "source_archive" {
  description = "The archive that `make package` wrote, and the bucket that it is uploaded to."
  type = object({
    path   = string
    bucket = string
  })

  validation {
    condition     = fileexists(var.source_archive.path)
    error_message = "There is no archive at source_archive.path. Run `make package` first."
  }
}

variable "build" {
  description = "The service account that builds the function's image, and the Artifact Registry repository that keeps it."
  type = object({
    service_account = string
    repository      = string
  })
}

variable "service_account" {
  description = "E-mail of the account that the function runs as."
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

variable "scaling" {
  description = "Instances, what one takes, and how big it is. concurrency above 1 needs a whole CPU."
  type = object({
    min_instances = optional(number, 0)
    max_instances = optional(number, 20)
    concurrency   = optional(number, 40)
    cpu           = optional(number, 1)
    memory        = optional(string, "512Mi")
    # As long as Cloud Scheduler waits (modules/scheduler). Twilio and callers are answered within seconds all the same.
    timeout_seconds = optional(number, 300)
  })
  default = {}

  validation {
    condition     = var.scaling.min_instances >= 0 && var.scaling.min_instances <= var.scaling.max_instances
    error_message = "scaling.min_instances is between 0 and scaling.max_instances."
  }

  validation {
    condition     = var.scaling.concurrency >= 1 && var.scaling.concurrency <= 1000
    error_message = "scaling.concurrency is between 1 and 1000 requests an instance."
  }

  validation {
    condition     = var.scaling.concurrency == 1 || var.scaling.cpu >= 1
    error_message = "An instance with less than one CPU takes one request at a time: raise scaling.cpu to 1 or set scaling.concurrency to 1."
  }

  validation {
    condition     = can(regex("^[0-9]+(Mi|Gi)$", var.scaling.memory))
    error_message = "scaling.memory is a number with Mi or Gi behind it, such as 512Mi."
  }
}

variable "only_through_load_balancer" {
  description = "Refuse what does not come through the load balancer or from inside Google Cloud."
  type        = bool
  default     = false
}

variable "labels" {
  description = "Labels of everything that can have them."
  type        = map(string)
  default     = {}
}
