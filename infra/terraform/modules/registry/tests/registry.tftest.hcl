mock_provider "google" {}

variables {
  project_id = "example-project"
  region     = "us-central1"
}

run "images_are_named_by_the_repository" {
  command = plan

  assert {
    condition     = output.url == "us-central1-docker.pkg.dev/example-project/trunkline"
    error_message = "Images would be pushed elsewhere."
  }

  assert {
    condition     = toset([for policy in google_artifact_registry_repository.this.cleanup_policies : policy.action]) == toset(["KEEP", "DELETE"])
    error_message = "Images would pile up, or the newest would be deleted."
  }
}

run "the_former_release_is_kept" {
  command         = plan
  expect_failures = [var.keep_versions]

  variables {
    keep_versions = 1
  }
}
