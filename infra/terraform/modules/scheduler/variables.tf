variable "project_id" {
  description = "The project that the jobs are in."
  type        = string
}

variable "region" {
  description = "Where the jobs are."
  type        = string
}

variable "service_account" {
  description = "E-mail of the account that the jobs sign in as."
  type        = string
}

variable "jobs" {
  description = "Jobs: name => when (cron, UTC), which URL is posted what, and the audience of the OIDC token."
  type = map(object({
    description = string
    schedule    = string
    url         = string
    audience    = string
    body        = map(any)
    # Another account than the others', for a part that expects another.
    service_account = optional(string)
  }))

  validation {
    condition     = alltrue([for job in values(var.jobs) : length(split(" ", trimspace(job.schedule))) == 5])
    error_message = "schedule is a cron expression of five fields, such as \"7 * * * *\"."
  }

  validation {
    condition     = alltrue([for job in values(var.jobs) : startswith(job.url, "https://") && startswith(job.audience, "https://")])
    error_message = "url and audience begin with https://."
  }
}
