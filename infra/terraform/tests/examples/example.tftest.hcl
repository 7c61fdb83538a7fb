# An example as it stands: terraform test -test-directory=tests/examples -var-file=examples/minimal/terraform.tfvars …

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  functions_dir = "tests/fixtures/functions"
  dashboard_dir = "tests/fixtures/dashboard"
}

run "example" {
  command = apply
}
