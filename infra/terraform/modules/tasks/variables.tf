variable "project_id" {
  description = "The project that the queues are in."
  type        = string
}

variable "region" {
  description = "Where the queues are."
  type        = string
}

variable "queues" {
  description = "Queues: name => who may add tasks and as whom those tasks sign in (e-mails of service accounts), and how they are delivered."
  type = map(object({
    enqueuer              = string
    identity              = string
    dispatches_per_second = optional(number, 500)
    concurrent_dispatches = optional(number, 500)
    max_attempts          = optional(number, 20)
    min_backoff           = optional(string, "0.5s")
    max_backoff           = optional(string, "10s")
  }))

  validation {
    condition = alltrue([
      for queue in values(var.queues) :
      queue.dispatches_per_second > 0 && queue.dispatches_per_second <= 500 && queue.concurrent_dispatches >= 1 && queue.concurrent_dispatches <= 5000
    ])
    error_message = "A queue sends at most 500 tasks a second and has at most 5000 under way."
  }

  validation {
    condition     = alltrue([for queue in values(var.queues) : queue.max_attempts >= 1])
    error_message = "max_attempts is 1 or more: a task that fails for good must end."
  }
}
