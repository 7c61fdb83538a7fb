terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.30, < 9.0"
    }
  }

  # Where the state is kept is named by backend.hcl: terraform init -backend-config=backend.hcl
  backend "gcs" {}
}

provider "google" {
  project = var.project_id
  region  = var.region

  # Identity Platform and budgets count requests against the project that is asked from.
  user_project_override = true
  billing_project       = var.project_id
}
