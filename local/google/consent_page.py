"""The consent page as HTML: works without JavaScript, by keyboard, and in the dark."""

from collections.abc import Sequence
from html import escape

from aiohttp import web

from local.google.oauth_store import Account

_DESCRIPTIONS = {
    "https://www.googleapis.com/auth/calendar": "See, edit, share, and permanently delete all the calendars "
    "you can access using Google Calendar",
    "https://www.googleapis.com/auth/calendar.readonly": "See and download any calendar you can access",
    "https://www.googleapis.com/auth/calendar.events": "View and edit events on all your calendars",
    "https://www.googleapis.com/auth/calendar.events.owned": "See, create, change, and delete events on "
    "Google calendars you own",
    "https://www.googleapis.com/auth/calendar.freebusy": "View your availability in your calendars",
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly": "See the list of Google calendars "
    "you’re subscribed to",
}
_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center;
       background: light-dark(#f0f4f9, #1e1f20); }
main { box-sizing: border-box; width: min(34rem, 100% - 2rem); margin: 1rem; padding: 2.5rem;
       border-radius: 1.5rem; background: light-dark(#fff, #0e0e0e); }
h1 { margin: 0 0 .5rem; font-size: 1.6rem; font-weight: 500; text-wrap: balance; }
.note { margin: 0 0 1.5rem; color: light-dark(#52565a, #c4c7c5); font-size: .9rem; }
fieldset { margin: 0 0 1.5rem; padding: 0; border: 0; }
legend { padding: 0; margin-bottom: .5rem; font-weight: 600; }
label { display: flex; gap: .75rem; align-items: start; padding: .6rem .75rem; border-radius: .75rem;
        cursor: pointer; overflow-wrap: anywhere; }
label:hover { background: light-dark(#f0f4f9, #1e1f20); }
input { flex: none; margin-top: .3rem; accent-color: light-dark(#0b57d0, #a8c7fa); }
small { display: block; color: light-dark(#52565a, #c4c7c5); }
footer { display: flex; gap: .75rem; justify-content: end; }
button { padding: .6rem 1.5rem; border-radius: 2rem; font: inherit; font-weight: 500; cursor: pointer;
         color: light-dark(#0b57d0, #a8c7fa); background: none;
         border: 1px solid light-dark(#747775, #8e918f); }
button[value=allow] { color: light-dark(#fff, #062e6f); background: light-dark(#0b57d0, #a8c7fa); border: 0; }
"""


def consent_page(
    app: str, host: str, accounts: Sequence[Account], chosen: str | None, scopes: Sequence[str]
) -> web.Response:
    """`host` is where the person goes next; `chosen` is the account that the app suggests."""
    if not accounts:
        return error_page(
            400, "no_accounts", "There is no account yet. Create one with POST /_local/accounts."
        )
    selected = chosen if chosen in {account.email for account in accounts} else accounts[0].email
    people = "".join(
        f'<label><input type="radio" name="account" value="{escape(account.email)}"'
        f"{' checked' if account.email == selected else ''}>"
        f"<span>{escape(account.name)}<small>{escape(account.email)}</small></span></label>"
        for account in accounts
    )
    boxes = "".join(
        f'<label><input type="checkbox" name="scope" value="{escape(scope)}" checked>'
        f"<span>{escape(_DESCRIPTIONS.get(scope, scope))}</span></label>"
        for scope in scopes
    )
    wants = (
        f"<fieldset><legend>Select what {escape(app)} can access</legend>{boxes}</fieldset>" if boxes else ""
    )
    return _page(
        f"{escape(app)} wants access to your Google Account",
        f"""<p class="note">The laptop cloud’s stand-in for Google. You continue to {escape(host)}.</p>
<form method="post">
<fieldset><legend>Choose an account</legend>{people}</fieldset>
{wants}
<footer>
<button name="decision" value="deny">Cancel</button>
<button name="decision" value="allow">Continue</button>
</footer>
</form>""",
    )


def error_page(status: int, error: str, description: str) -> web.Response:
    return _page(
        "Access blocked",
        f"<p>{escape(description)}</p><p class='note'>Error {status}: {escape(error)}</p>",
        status,
    )


def _page(title: str, body: str, status: int = 200) -> web.Response:
    return web.Response(
        status=status,
        content_type="text/html",
        charset="utf-8",
        headers={"Cache-Control": "no-store", "X-Frame-Options": "DENY"},
        text=f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{_STYLE}</style></head>
<body><main><h1>{title}</h1>
{body}
</main></body></html>
""",
    )
