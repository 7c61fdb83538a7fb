variable "project_id" {
  description = "The project whose Identity Platform signs members in."
  type        = string
}

variable "authorized_domains" {
  description = "Domains that people may sign in from: the dashboard's."
  type        = list(string)

  validation {
    condition     = alltrue([for domain in var.authorized_domains : can(regex("^[a-z0-9.-]+$", domain))])
    error_message = "authorized_domains are host names without scheme or port."
  }
}

variable "multi_factor" {
  description = "DISABLED, ENABLED (members may) or MANDATORY (members must) use a second factor."
  type        = string
  default     = "ENABLED"

  validation {
    condition     = contains(["DISABLED", "ENABLED", "MANDATORY"], var.multi_factor)
    error_message = "multi_factor is DISABLED, ENABLED or MANDATORY."
  }
}
