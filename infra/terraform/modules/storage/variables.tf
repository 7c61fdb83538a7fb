variable "project_id" {
  description = "The project that the buckets are in."
  type        = string
}

variable "location" {
  description = "Region or multi-region of the buckets."
  type        = string
}

variable "name_prefix" {
  description = "What the buckets' names begin with; names are unique in the world."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,50}$", var.name_prefix))
    error_message = "name_prefix is lower case letters, digits and hyphens, at most 51 of them."
  }
}

variable "recordings" {
  description = "Days that recordings are kept, and who (IAM members) may write them, such as LiveKit egress; writers cannot read."
  type = object({
    retention_days = optional(number, 30)
    writers        = optional(set(string), [])
  })
  default = {}

  validation {
    condition     = var.recordings.retention_days >= 1 && var.recordings.retention_days <= 3650
    error_message = "recordings.retention_days is between 1 and 3650."
  }

  validation {
    condition     = length(setintersection(var.recordings.writers, ["allUsers", "allAuthenticatedUsers"])) == 0
    error_message = "recordings.writers names accounts, never everybody."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete buckets that hold something."
  type        = bool
  default     = true
}

variable "labels" {
  description = "Labels of the buckets."
  type        = map(string)
  default     = {}
}
