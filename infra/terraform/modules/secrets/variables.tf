variable "project_id" {
  description = "The project that keeps the secrets."
  type        = string
}

variable "secrets" {
  description = "Secrets of the deployment: id => what it is, and the service accounts (e-mail, by a name of your choice) that may read it."
  type = map(object({
    description = string
    readers     = map(string)
  }))

  validation {
    # The reconciler destroys what no document names, and several parts may read everything of that name.
    condition     = alltrue([for id in keys(var.secrets) : !startswith(id, "trunkline-")])
    error_message = "Names that begin with trunkline- belong to tenants' secrets: name the deployment's own ones otherwise."
  }
}

variable "locations" {
  description = "Regions that the secrets are kept in; empty: Google chooses. Changing it makes every secret anew, without its value."
  type        = list(string)
  default     = []
}

variable "deletion_protection" {
  description = "Whether Google and Terraform refuse to delete the secrets."
  type        = bool
  default     = true
}

variable "labels" {
  description = "Labels of the secrets."
  type        = map(string)
  default     = {}
}
