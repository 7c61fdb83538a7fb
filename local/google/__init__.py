"""Google's services on the laptop: OAuth, Calendar, Secret Manager and Cloud Tasks.

One process: gRPC over TLS for Secret Manager and Cloud Tasks, HTTP for the rest. The official client
libraries talk to it unchanged.
"""
