"""A stand-in for Terraform's google provider: its schema and nothing else.

Machines that cannot reach the provider's registry can still check infra/terraform: `terraform validate`,
and `terraform test` with mocked providers, ask the provider for its schema only. Planning and applying for
real are answered with UNIMPLEMENTED.
"""
