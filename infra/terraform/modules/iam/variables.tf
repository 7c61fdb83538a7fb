variable "project_id" {
  description = "The project that the accounts are in."
  type        = string
}

variable "account_prefix" {
  description = "What the accounts' names begin with."
  type        = string
  default     = "trunkline-"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,15}-$", var.account_prefix))
    error_message = "account_prefix is at most 16 lower case letters, digits and hyphens, beginning with a letter, and then a hyphen."
  }
}

variable "vertex_ai" {
  description = "Whether the worker talks to Gemini through Vertex AI, which takes a role instead of a key."
  type        = bool
  default     = false
}

variable "function_sources_bucket" {
  description = "Bucket that functions are built from."
  type        = string
}

variable "image_repository" {
  description = "Where functions' images are kept: project, region and name of an Artifact Registry repository."
  type = object({
    location   = string
    repository = string
  })
}
