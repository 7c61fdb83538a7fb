"""Serves the dashboard's pages on the laptop, in the place of a static host such as a bucket or a CDN."""
