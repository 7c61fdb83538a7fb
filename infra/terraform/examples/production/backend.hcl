# Where Terraform keeps its state: the bucket that docs/deploy.md has you make.
bucket = "example-voice-prod-terraform"
prefix = "trunkline"
