mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project_id      = "example-project"
  billing_account = "012345-6789AB-CDEF01"
  monthly_amount  = 500
}

run "this_project_by_month" {
  command = plan

  assert {
    condition     = google_billing_budget.this.budget_filter[0].projects == toset(["projects/123456789012"]) && google_billing_budget.this.amount[0].specified_amount[0].units == "500"
    error_message = "The budget counts something else."
  }
}

run "a_billing_account_is_an_id" {
  command         = plan
  expect_failures = [var.billing_account]

  variables {
    billing_account = "My Billing Account"
  }
}

run "amounts_are_whole" {
  command         = plan
  expect_failures = [var.monthly_amount]

  variables {
    monthly_amount = 99.5
  }
}

run "currencies_have_three_letters" {
  command         = plan
  expect_failures = [var.currency]

  variables {
    currency = "Dollars"
  }
}

run "thresholds_are_shares" {
  command         = plan
  expect_failures = [var.thresholds]

  variables {
    thresholds = [50, 90]
  }
}

run "five_channels_at_most" {
  command         = plan
  expect_failures = [var.notification_channels]

  variables {
    notification_channels = ["1", "2", "3", "4", "5", "6"]
  }
}
