"""python -m operations, or bin/trunkline."""

from operations.app import app

app(prog_name="trunkline")
