"""What `trunkline doctor` looks at, one module a subject. Each check returns findings, also good ones."""
