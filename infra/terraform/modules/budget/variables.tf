variable "project_id" {
  description = "The project whose costs count."
  type        = string
}

variable "billing_account" {
  description = "The billing account that pays for it."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "billing_account looks like 012345-6789AB-CDEF01 (gcloud billing accounts list)."
  }
}

variable "monthly_amount" {
  description = "Whole units of the account's currency that a month may cost."
  type        = number

  validation {
    condition     = var.monthly_amount >= 1 && floor(var.monthly_amount) == var.monthly_amount
    error_message = "monthly_amount is a whole number, 1 or more."
  }
}

variable "currency" {
  description = "The billing account's currency."
  type        = string
  default     = "USD"

  validation {
    condition     = can(regex("^[A-Z]{3}$", var.currency))
    error_message = "currency is three letters, such as USD or EUR."
  }
}

variable "thresholds" {
  description = "Shares of the amount at which somebody is told."
  type        = list(number)
  default     = [0.5, 0.9, 1.0]

  validation {
    condition     = length(var.thresholds) > 0 && alltrue([for share in var.thresholds : share > 0 && share <= 10])
    error_message = "thresholds are shares of the amount: 0.5 is half of it."
  }
}

variable "notification_channels" {
  description = "Ids of the monitoring channels that are told, at most five."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.notification_channels) <= 5
    error_message = "A budget tells at most five channels."
  }
}
