variable "project_id" {
  description = "The project that keeps the images."
  type        = string
}

variable "region" {
  description = "Where the images are kept."
  type        = string
}

variable "name" {
  description = "Name of the repository."
  type        = string
  default     = "trunkline"
}

variable "keep_versions" {
  description = "How many of the newest images are kept whatever their age; others go after 30 days."
  type        = number
  default     = 20

  validation {
    condition     = var.keep_versions >= 2
    error_message = "keep_versions is 2 or more, or going back to the former release would find no image."
  }
}

variable "labels" {
  description = "Labels of the repository."
  type        = map(string)
  default     = {}
}
