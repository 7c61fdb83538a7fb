"""`python -m local.twilio`: the Twilio account of the laptop cloud.

The SIP trunk that `<Dial><Sip>` reaches comes from the environment: LIVEKIT_URL, LIVEKIT_API_KEY,
LIVEKIT_API_SECRET, SIP_HOST, SIP_USERNAME, SIP_PASSWORD; SIP_RINGING_TIMEOUT is optional.
"""

import argparse
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from local.phone.sip_bridge import SipSettings
from local.runtime import serve
from local.twilio.server import TwilioStandIn
from local.twilio.store import Number
from local.twilio.webhooks import TIMEOUT_SECONDS
from shared.errors import ConfigurationError
from shared.input_files import InputError, load_yaml


class NumbersFile(BaseModel):
    """YAML: `numbers:` with a list of `store.Number`."""

    model_config = ConfigDict(extra="forbid")

    numbers: list[Number]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.twilio", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="folder that survives a restart")
    parser.add_argument("--account-sid", required=True)
    parser.add_argument("--auth-token", required=True)
    parser.add_argument("--numbers", type=Path, help="YAML file; its numbers replace those of the same name")
    parser.add_argument("--webhook-timeout", type=float, default=TIMEOUT_SECONDS)
    arguments = parser.parse_args()
    try:
        numbers = load_yaml(arguments.numbers, NumbersFile).numbers if arguments.numbers else []
        sip = SipSettings.from_env()
    except (InputError, ConfigurationError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    serve(
        TwilioStandIn(
            arguments.state,
            port=arguments.port,
            account_sid=arguments.account_sid,
            auth_token=arguments.auth_token,
            numbers=numbers,
            sip=sip,
            webhook_timeout=arguments.webhook_timeout,
        )
    )


if __name__ == "__main__":
    main()
