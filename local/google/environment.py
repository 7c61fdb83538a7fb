"""What a part of the product needs in its environment to reach these services instead of Google's own."""

from pathlib import Path


def environment(
    part: str, *, state: Path, bundle: Path, port: int, grpc_port: int, project: str
) -> dict[str, str]:
    """Variables for `part` (see `local.google.identity.PARTS`); all but the first are the same for all.

    `state` is the stand-in's folder, `bundle` the file of `local.tls` that clients trust.
    """
    url = f"http://127.0.0.1:{port}"
    return {
        "GOOGLE_APPLICATION_CREDENTIALS": str(state / "keys" / f"{part}.json"),
        "GOOGLE_CLOUD_PROJECT": project,
        "SECRET_MANAGER_ENDPOINT": f"localhost:{grpc_port}",
        "CLOUD_TASKS_ENDPOINT": f"localhost:{grpc_port}",
        "OIDC_CERTS_URL": f"{url}/oauth2/v1/certs",
        "GOOGLE_OAUTH_AUTH_URI": f"{url}/o/oauth2/v2/auth",
        "GOOGLE_OAUTH_TOKEN_URI": f"{url}/token",
        "GOOGLE_OAUTH_REVOKE_URI": f"{url}/revoke",
        "GOOGLE_OAUTH_USERINFO_URI": f"{url}/oauth2/v3/userinfo",
        "GOOGLE_CALENDAR_ENDPOINT": url,
        "GOOGLE_ACCESS_CONTROL_ENDPOINT": url,
        **dict.fromkeys(
            (
                "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
                "SSL_CERT_FILE",
                "REQUESTS_CA_BUNDLE",
                "AWS_CA_BUNDLE",
            ),
            str(bundle),
        ),
    }
