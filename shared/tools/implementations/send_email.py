"""Send an e-mail through the tenant's own Amazon SES account."""

from collections import OrderedDict
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from shared.errors import ToolError
from shared.gateways.ses import (
    Email,
    EmailNotSentError,
    EmailRefusedError,
    EmailUncertainError,
    SesAccount,
    SesGateway,
)
from shared.patterns import named
from shared.tools.base.base_tool import Action, BaseTool, ToolContext, ToolMetadata
from shared.tools.base.fields import EmailAddress

REMEMBERED_ATTEMPTS = 1000

NOT_SENT = "The e-mail was not sent"
NO_ANSWER = f"{NOT_SENT}, because the mail service does not answer. Please try again in a minute."
UNCERTAIN = (
    "I cannot tell whether the e-mail was sent: the mail service did not confirm it. Do not send it again."
)
UNVERIFIED = f"{NOT_SENT}: the sender's or the recipient's address is not verified with Amazon SES."
_BAD_KEY = f"{NOT_SENT}: the business has to renew its mail access key."
REFUSALS = {
    "MessageRejected": f"{NOT_SENT}: the mail service refused the message or the sender's address.",
    "MailFromDomainNotVerifiedException": f"{NOT_SENT}: the sender's domain is not verified.",
    "AccountSendingPausedException": f"{NOT_SENT}: the mail account is paused.",
    "InvalidParameterValue": f"{NOT_SENT}: the address is not valid. Ask for it once more.",
    "InvalidClientTokenId": _BAD_KEY,
    "SignatureDoesNotMatch": _BAD_KEY,
    "AccessDenied": f"{NOT_SENT}: the mail access key does not permit sending.",
    "Throttling": f"{NOT_SENT}: too many are being sent. Please try again in a minute.",
}
_ADDRESS_OR_DOMAIN = r"([^@\s<>,;]+@|@)?[^@\s<>,;]+\.[^@\s<>,;]+"

GERMAN = {
    "E-mail (Amazon SES)": "E-Mail (Amazon SES)",
    "The agent sends e-mails from your address through your Amazon SES account.": (
        "Der Agent verschickt E-Mails von Ihrer Adresse über Ihr Konto bei Amazon SES."
    ),
    "Sends one plain e-mail.": "Verschickt eine einfache E-Mail.",
    "send": "verschicken",
    "Sender": "Absender",
    "Verified in Amazon SES.": "In Amazon SES bestätigt.",
    "AWS region": "AWS-Region",
    "Such as eu-central-1.": "Zum Beispiel eu-central-1.",
    "AWS access key id": "AWS-Zugriffsschlüssel-ID",
    "AWS secret access key": "Geheimer AWS-Zugriffsschlüssel",
    "Answers go to": "Antworten gehen an",
    "Allowed recipients": "Erlaubte Empfänger",
    "Addresses, or domains such as example.com. Empty: anybody.": (
        "Adressen oder Domains wie example.com. Leer: beliebige."
    ),
    "Subject begins with": "Betreff beginnt mit",
}


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be a single line without control characters")
    return text


AllowedRecipient = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        pattern=named(f"^{_ADDRESS_OR_DOMAIN}$", "an e-mail address, or a domain such as example.com"),
    ),
]


class SendEmailConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    from_address: EmailAddress = Field(title="Sender", description="Verified in Amazon SES.")
    region: str = Field(
        title="AWS region",
        pattern=named(r"^[a-z]{2}(-[a-z]+)+-[0-9]$", "an AWS region, such as eu-central-1"),
        description="Such as eu-central-1.",
    )
    access_key_id: str = Field(
        title="AWS access key id",
        pattern=named(r"^[A-Z0-9]{4,128}$", "an AWS access key id: capital letters and digits"),
    )
    secret_access_key: SecretStr = Field(title="AWS secret access key", min_length=1)
    reply_to: EmailAddress | None = Field(default=None, title="Answers go to")
    allowed_recipients: list[AllowedRecipient] = Field(
        default_factory=list,
        title="Allowed recipients",
        description="Addresses, or domains such as example.com. Empty: anybody.",
    )
    subject_prefix: Annotated[str, AfterValidator(_one_line)] = Field(
        default="", max_length=60, title="Subject begins with"
    )


class SendEmail(BaseModel):
    model_config = ConfigDict(extra="forbid")

    to: EmailAddress = Field(description="One address. Have the caller spell it and read it back.")
    subject: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_one_line)
    ] = Field(description="One short line.")
    body: str = Field(min_length=1, max_length=10_000, description="The text, without formatting.")


class SendEmailTool(BaseTool):
    """At most once: SES cannot tell a repeated request from a new one, so an attempt whose outcome is not
    known is never repeated. Attempts are remembered by idempotency key in this process, which a call never
    leaves while its agent lives; a replacement agent asks the model anew."""

    metadata = ToolMetadata(
        slug="send_email",
        display_name="E-mail (Amazon SES)",
        description="The agent sends e-mails from your address through your Amazon SES account.",
        config=SendEmailConfig,
        translations={"de": GERMAN},
        actions={
            "send": Action(
                description="Sends one plain e-mail. Read the address back and get the caller's yes first.",
                arguments=SendEmail,
                read_only=False,
                idempotent=False,
                timeout_seconds=12,
            )
        },
    )

    def __init__(self, ses: SesGateway | None = None) -> None:
        self._ses = ses or SesGateway()
        self._attempts: OrderedDict[str, dict[str, Any] | None] = OrderedDict()
        """Idempotency key → result; None: the outcome is not known (yet)."""

    async def execute(
        self, action: str, arguments: BaseModel, context: ToolContext[SendEmailConfig]
    ) -> dict[str, Any]:
        if not isinstance(arguments, SendEmail):
            raise TypeError(f"{action} does not take {type(arguments).__name__}")
        _check_recipient(arguments.to, context.config.allowed_recipients)
        key = context.idempotency_key
        if key in self._attempts:
            result = self._attempts[key]
            if result is None:
                raise ToolError(UNCERTAIN, message="an earlier attempt with this key has no known outcome")
            return result
        # Before sending: whatever interrupts us from here on, a time limit included, leaves the mark.
        self._remember(key, None)
        try:
            await self._send(arguments, context.config)
        except (EmailRefusedError, EmailNotSentError) as error:
            del self._attempts[key]
            raise ToolError(_sentence(error), message=str(error)) from error
        except EmailUncertainError as error:
            raise ToolError(UNCERTAIN, message=str(error)) from error
        result = {"message": "The e-mail is sent.", "to": arguments.to}
        self._remember(key, result)
        return result

    async def _send(self, wanted: SendEmail, config: SendEmailConfig) -> None:
        account = SesAccount(config.region, config.access_key_id, config.secret_access_key)
        email = Email(
            sender=config.from_address,
            to=wanted.to,
            subject=f"{config.subject_prefix} {wanted.subject}".strip(),
            body=wanted.body,
            reply_to=config.reply_to,
        )
        await self._ses.send(account, email)

    def _remember(self, key: str, result: dict[str, Any] | None) -> None:
        self._attempts[key] = result
        while len(self._attempts) > REMEMBERED_ATTEMPTS:
            self._attempts.popitem(last=False)


def _check_recipient(to: str, allowed: list[str]) -> None:
    address = to.lower()
    if allowed and not any(
        address == entry or address.endswith(f"@{entry.lstrip('@')}") for entry in allowed
    ):
        raise ToolError("I may not send e-mails to that address.")


def _sentence(error: EmailRefusedError | EmailNotSentError) -> str:
    if isinstance(error, EmailNotSentError):
        return NO_ANSWER
    if error.ses_code == "MessageRejected" and "not verified" in error.explanation:
        return UNVERIFIED
    return REFUSALS.get(error.ses_code, f"{NOT_SENT}: the mail service refused it.")
