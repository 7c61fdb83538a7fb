"""From a clone to a running deployment: `make deploy`, step by step in docs/deploy.md."""
