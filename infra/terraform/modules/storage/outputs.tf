output "recordings_bucket" {
  description = "Bucket of the recordings."
  value       = google_storage_bucket.recordings.name
}

output "sources_bucket" {
  description = "Bucket that functions' sources are uploaded to."
  value       = google_storage_bucket.sources.name
}
