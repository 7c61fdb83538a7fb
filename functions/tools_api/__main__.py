"""Prints the API's description: python -m functions.tools_api > docs/openapi.json"""

import json
import sys

from functions.tools_api.app import routed_app

sys.stdout.write(json.dumps(routed_app().openapi(), indent=2, ensure_ascii=False) + "\n")
