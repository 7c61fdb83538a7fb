"""The page that a person sees after the provider's: says what happened, tells the dashboard, and closes.

Nothing on it comes from anywhere else. Without JavaScript it stays open, with a link back. A tab that went to
the provider itself, since no window could be opened, goes back by itself when all went well.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from html import escape

from starlette.responses import HTMLResponse

from functions.oauth.page_texts import TEXTS
from shared.services.auth_service import Connected
from shared.services.consent_errors import ConsentError

MESSAGE_TYPE = "trunkline.connection"
"""`event.data.type` for the dashboard's listener; `event.origin` is this function's."""

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center;
       background: light-dark(#f4f5f7, #17181a); color: light-dark(#1b1c1e, #ececee); }
main { box-sizing: border-box; width: min(32rem, 100% - 2rem); padding: 2rem; border-radius: 1rem;
       background: light-dark(#fff, #212327); }
h1 { margin: 0 0 .5rem; font-size: 1.4rem; text-wrap: balance; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
a { color: light-dark(#0b4fc4, #9dc1ff); }
"""
_SCRIPT = """
const { origin, message } = document.body.dataset;
if (window.opener) {
  window.opener.postMessage(JSON.parse(message), origin);
  if (JSON.parse(message).status === "connected") window.close();
} else if (JSON.parse(message).status === "connected") {
  location.replace(document.querySelector("a").href);
}
"""


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hash(_SCRIPT)}",
            f"style-src {_hash(_STYLE)}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # this page's address holds state and code
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def connected_page(connected: Connected, language: str, dashboard_origin: str) -> HTMLResponse:
    texts = TEXTS[language]
    account = connected.account_email
    message = {
        "type": MESSAGE_TYPE,
        "status": "connected",
        "agent_id": connected.address.agent_id,
        "tool": connected.address.slug,
        "account_email": account,
    }
    to_account = [texts.connected_to.format(account=account)] if account else []
    paragraphs = [*to_account, texts.may_be_closed]
    return _page(language, texts.connected, paragraphs, message, dashboard_origin, 200)


def failed_page(error: ConsentError, language: str, dashboard_origin: str, status: int = 400) -> HTMLResponse:
    texts = TEXTS[language]
    happened, to_do = texts.failures[error.failure]
    message = {"type": MESSAGE_TYPE, "status": "failed", "reason": error.kind, "message": happened}
    paragraphs = [happened, to_do.format(account=error.account)]
    return _page(language, texts.not_connected, paragraphs, message, dashboard_origin, status)


def _page(
    language: str,
    title: str,
    paragraphs: list[str],
    message: Mapping[str, str | None],
    dashboard_origin: str,
    status: int,
) -> HTMLResponse:
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    origin = escape(dashboard_origin)
    content = f"""<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{_STYLE}</style></head>
<body data-origin="{origin}" data-message="{escape(json.dumps(message))}">
<main><h1>{title}</h1>{text}<p><a href="{origin}/connected/">{TEXTS[language].back}</a></p></main>
<script>{_SCRIPT}</script></body></html>
"""
    return HTMLResponse(content, status, headers=_HEADERS)
