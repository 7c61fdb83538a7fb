variable "project_id" {
  description = "The project that the load balancer is in."
  type        = string
}

variable "region" {
  description = "Where the functions run."
  type        = string
}

variable "name" {
  description = "What the load balancer's parts are called."
  type        = string
  default     = "trunkline"
}

variable "api_domain" {
  description = "Host name of the functions, such as api.example.com."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.api_domain))
    error_message = "api_domain is a host name such as api.example.com, without https:// and without a path."
  }
}

variable "dashboard_domain" {
  description = "Host name of the dashboard, such as app.example.com: the same site as the API's, or browsers drop the connection cookie."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.dashboard_domain))
    error_message = "dashboard_domain is a host name such as app.example.com, without https:// and without a path."
  }

  validation {
    condition     = var.dashboard_domain != var.api_domain
    error_message = "dashboard_domain and api_domain are two host names."
  }

  validation {
    # The registrable domain, as near as one comes without the public suffix list: the last two labels.
    condition = (
      join(".", slice(reverse(split(".", var.dashboard_domain)), 0, 2)) == join(".", slice(reverse(split(".", var.api_domain)), 0, 2))
    )
    error_message = "dashboard_domain and api_domain must share a site (app.example.com, api.example.com): browsers keep the cookie of a connection only then."
  }
}

variable "services" {
  description = "Cloud Run services behind the API's host name: names of incoming_call, oauth and tools_api."
  type = object({
    incoming_call = string
    oauth         = string
    tools_api     = string
  })
}

variable "dashboard" {
  description = "The dashboard's bucket, where it is, its config.json, and the headers of its pages."
  type = object({
    bucket   = string
    location = string
    config   = map(string)
    headers  = map(string)
  })

  validation {
    condition     = anytrue([for name in keys(var.dashboard.headers) : lower(name) == "content-security-policy"])
    error_message = "dashboard.headers needs a Content-Security-Policy: it is what keeps the dashboard from sending data elsewhere."
  }

  validation {
    # Google's limit for all headers of a backend together is 8 KB.
    condition     = length(join("", concat(keys(var.dashboard.headers), values(var.dashboard.headers)))) <= 7900
    error_message = "dashboard.headers are longer than the load balancer takes (8 KB)."
  }
}

variable "requests_per_minute" {
  description = "What one address may send before it is refused for a while. Twilio and LiveKit send all calls from few addresses, so the phone's paths have a limit of their own."
  type = object({
    phone = optional(number, 6000)
    api   = optional(number, 1200)
  })
  default = {}

  validation {
    condition     = var.requests_per_minute.phone >= 600 && var.requests_per_minute.api >= 60
    error_message = "At least 600 requests a minute for the phone's paths and 60 for the API: less would refuse real calls."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the dashboard's bucket while it holds files."
  type        = bool
  default     = true
}

variable "labels" {
  description = "Labels of what can have them."
  type        = map(string)
  default     = {}
}
