output "ttl_collections" {
  description = "Collection groups whose documents Firestore deletes once their expires_at has passed."
  value       = sort([for field in local.definition.fieldOverrides : field.collectionGroup if try(field.ttl, false)])
}
