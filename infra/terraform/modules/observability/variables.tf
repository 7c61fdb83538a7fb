variable "project_id" {
  description = "The project that is watched."
  type        = string
}

variable "services" {
  description = "Names of the functions' Cloud Run services, by part."
  type = object({
    incoming_call = string
    oauth         = string
    tools_api     = string
  })
}

variable "edge_url" {
  description = "An address of the phone edge that is called by POST alone, as Twilio reaches it."
  type        = string

  validation {
    condition     = can(regex("^https://[^/:]+/.+$", var.edge_url))
    error_message = "edge_url begins with https:// and has a path."
  }
}

variable "worker_pools" {
  description = "Worker pools that should have instances: name => how many."
  type        = map(number)
}

variable "queue" {
  description = "Name of the queue that a call's watchdog runs on."
  type        = string
}

variable "jobs" {
  description = "Names of Cloud Scheduler's jobs."
  type        = list(string)

  validation {
    condition     = length(var.jobs) > 0
    error_message = "jobs names at least one job: a filter for none would not be one."
  }
}

variable "emails" {
  description = "Who is told."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "emails are e-mail addresses."
  }
}

variable "channels" {
  description = "Ids of further notification channels (PagerDuty, Slack, …), which hold tokens and are therefore made by hand."
  type        = list(string)
  default     = []
}

variable "log_retention_days" {
  description = "How long logs are kept. They name callers' numbers; what was said only of agents that have log_spoken_words."
  type        = number
  default     = 30

  validation {
    condition     = var.log_retention_days >= 1 && var.log_retention_days <= 3650
    error_message = "log_retention_days is between 1 and 3650."
  }
}

variable "thresholds" {
  description = "When to tell: share of calls on the fallback for our fault, milliseconds until an agent is ready (95th percentile), the share of calls that must reach an agent in 28 days, seconds that a task may be late, and the share of the API's requests that may break."
  type = object({
    fallback_share     = optional(number, 0.02)
    agent_start_ms     = optional(number, 1500)
    availability_goal  = optional(number, 0.995)
    task_delay_seconds = optional(number, 5)
    api_error_share    = optional(number, 0.05)
  })
  default = {}

  validation {
    condition     = var.thresholds.fallback_share > 0 && var.thresholds.fallback_share < 1
    error_message = "thresholds.fallback_share is a share between 0 and 1, such as 0.02."
  }

  validation {
    condition     = var.thresholds.api_error_share > 0 && var.thresholds.api_error_share < 1
    error_message = "thresholds.api_error_share is a share between 0 and 1, such as 0.05."
  }

  validation {
    condition     = var.thresholds.availability_goal >= 0.9 && var.thresholds.availability_goal < 1
    error_message = "thresholds.availability_goal is between 0.9 and 0.9999…: a goal of 1 has no error budget."
  }

  validation {
    condition     = var.thresholds.agent_start_ms >= 100 && var.thresholds.task_delay_seconds >= 1
    error_message = "thresholds.agent_start_ms is 100 or more, task_delay_seconds 1 or more."
  }
}

variable "labels" {
  description = "Labels of alert policies and channels."
  type        = map(string)
  default     = {}
}
