variable "project_id" {
  description = "The project that holds the documents."
  type        = string
}

variable "location" {
  description = "A region, or the multi-region nam5, nam7 or eur3. It can never be changed."
  type        = string

  validation {
    condition     = can(regex("^(nam5|nam7|eur3|[a-z]+-[a-z]+[0-9]+)$", var.location))
    error_message = "location is a region such as us-central1, or the multi-region nam5, nam7 or eur3."
  }
}

variable "deletion_protection" {
  description = "Whether Google and Terraform refuse to delete the database."
  type        = bool
  default     = true
}

variable "backups" {
  description = "How many days daily and weekly backups are kept, at most 98; 0: none of that kind."
  type = object({
    daily_days  = optional(number, 7)
    weekly_days = optional(number, 98)
  })
  default = {}

  validation {
    condition = alltrue([
      for days in values(var.backups) : days >= 0 && days <= 98
    ])
    error_message = "Firestore keeps backups for at most 98 days (14 weeks); 0 makes none."
  }
}
