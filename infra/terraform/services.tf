# The APIs that the deployment uses. They stay enabled when it is destroyed: others may use them, too.

locals {
  services = concat(
    [
      "artifactregistry.googleapis.com",
      "cloudbuild.googleapis.com",
      "cloudfunctions.googleapis.com",
      "cloudresourcemanager.googleapis.com",
      "cloudscheduler.googleapis.com",
      "cloudtasks.googleapis.com",
      "firestore.googleapis.com",
      "iam.googleapis.com",
      "logging.googleapis.com",
      "monitoring.googleapis.com",
      "run.googleapis.com",
      "secretmanager.googleapis.com",
      "storage.googleapis.com",
    ],
    var.gemini.backend == "vertex_ai" ? ["aiplatform.googleapis.com"] : [],
    var.google_oauth_client_id == null ? [] : ["calendar-json.googleapis.com"],
    var.sign_in == null ? ["identitytoolkit.googleapis.com"] : [],
    var.edge == null ? [] : ["compute.googleapis.com"],
    var.budget == null ? [] : ["billingbudgets.googleapis.com"],
  )
}

resource "google_project_service" "this" {
  for_each = toset(local.services)

  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
}
