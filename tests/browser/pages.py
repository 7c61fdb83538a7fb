"""Where the pages are that have something to use, for what is to be so on all of them."""

PAGES = [
    "/",
    "/start/?step=business",
    "/start/?step=agent",
    "/start/?agent=front-desk&step=tools",
    "/start/?agent=front-desk&step=connect",
    "/start/?agent=front-desk&step=number",
    "/agents/",
    "/agents/edit/?id=front-desk",
    "/agents/edit/?id=front-desk&tab=history",
    "/agents/tools/?id=front-desk",
    "/agents/tools/?id=front-desk&tool=google_calendar",
    "/agents/tools/?id=front-desk&tool=send_email",
    "/test-call/",
    "/calls/",
    "/calls/view/?id={call}",
    "/numbers/",
    "/usage/",
    "/members/",
    "/api-keys/",
    "/audit/",
    "/settings/",
]
"""`{call}` is the id of a stored call."""
PHONE = {"width": 390, "height": 844}
