"""`make doctor`: what this machine has, what is missing, and how to get it.

Standard library only, and no syntax newer than Python 3.8: it must run before anything is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EMULATOR = "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar"
OLDEST_NODE = 20
"""Its major version; Next.js needs it."""
LOADING_SECONDS = 60
OK, MISSING, OPTIONAL, WRONG = "ok", "missing", "optional", "wrong"


def version_of(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "does not run"
    return ((done.stdout or done.stderr).strip().splitlines() or ["?"])[0]


def program(name: str, need: str, remedy: str, *version: str) -> tuple[str, str, str]:
    path = shutil.which(name)
    if path is None:
        return (MISSING if need == "needed" else OPTIONAL, name, remedy)
    return (OK, name, version_of(path, *version) if version else path)


def node() -> tuple[str, str, str]:
    remedy = f"only for the dashboard and make check: Node {OLDEST_NODE} or newer"
    state, name, found = program("node", "optional", remedy, "--version")
    major = found.lstrip("v").partition(".")[0]
    if state == OK and not (major.isdigit() and int(major) >= OLDEST_NODE):
        return (WRONG, name, f"{found}; expected {OLDEST_NODE} or newer")
    return (state, name, found)


def python_311() -> tuple[str, str, str]:
    for candidate in (sys.executable, shutil.which("python3.11"), shutil.which("python3")):
        if candidate and "3.11." in version_of(candidate, "--version"):
            return (OK, "python 3.11", candidate)
    return (MISSING, "python 3.11", "install it (apt install python3.11, brew install python@3.11, pyenv)")


def livekit_server() -> tuple[str, str, str]:
    for candidate in (
        os.environ.get("LIVEKIT_SERVER_BIN"),
        str(ROOT / ".cache/bin/livekit-server"),
        shutil.which("livekit-server"),
    ):
        if candidate and os.access(candidate, os.X_OK):
            return (OK, "livekit-server", version_of(candidate, "--version"))
    return (OPTIONAL, "livekit-server", "the embedded server is used; for the real one: make livekit-server")


def firestore_emulator() -> tuple[str, str, str]:
    gcloud = shutil.which("gcloud")
    sdk = Path(gcloud).resolve().parents[1] if gcloud else Path("/usr/lib/google-cloud-sdk")
    jar = os.environ.get("FIRESTORE_EMULATOR_JAR") or str(sdk / EMULATOR)
    if Path(jar).exists():
        return (OK, "Firestore emulator", jar)
    return (
        OPTIONAL,
        "Firestore emulator",
        "only for its contract tests: gcloud components install cloud-firestore-emulator, "
        "or set FIRESTORE_EMULATOR_JAR",
    )


def installed() -> tuple[str, str, str]:
    if (ROOT / ".venv/.installed").exists():
        return (OK, "dependencies", "installed in .venv")
    return (OPTIONAL, "dependencies", "not installed yet; make demo, make test and make setup install them")


def tools() -> tuple[str, str, str]:
    """Loads them: a mistake in the definition of one, or a library that it lacks, is told then."""
    if not (ROOT / ".venv/.installed").exists():
        return (OPTIONAL, "tools", "looked at once the dependencies are installed")
    program = "from shared.tools.base.registry import ToolRegistry as R; print(len(R().all()), 'registered')"
    command = [str(ROOT / ".venv/bin/python"), "-c", program]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=LOADING_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return (WRONG, "tools", f"they take more than {LOADING_SECONDS} s to load")
    lines = (done.stdout or done.stderr).strip().splitlines() or ["they do not load"]
    return (WRONG if done.returncode else OK, "tools", lines[-1])


def disk() -> tuple[str, str, str]:
    free = shutil.disk_usage(ROOT).free / 2**30
    return (OK if free > 3 else MISSING, "disk", f"{free:.0f} GiB free (3 are needed)")


def gemini() -> tuple[str, str, str]:
    if os.environ.get("GEMINI_API_KEY"):
        return (OK, "GEMINI_API_KEY", "set: calls go to the real model")
    return (OPTIONAL, "GEMINI_API_KEY", "not set: the scripted model answers; with a key the real one does")


def main() -> int:
    """Prints one line a finding; 1 when something that is needed is missing or wrong."""
    findings = [
        python_311(),
        program("make", "needed", "apt install make, or xcode-select --install", "--version"),
        program("cc", "optional", "only where a library has no build for this machine: gcc", "--version"),
        node(),
        program("git", "needed", "apt install git", "--version"),
        program("terraform", "optional", "only to test infra/terraform and to deploy", "version"),
        program("go", "optional", "only to build the real livekit-server: https://go.dev/dl", "version"),
        program("npm", "optional", "only to build the dashboard: it comes with Node.js", "--version"),
        program("chromium", "optional", "only for the browser tests: make browser", "--version"),
        installed(),
        tools(),
        livekit_server(),
        firestore_emulator(),
        disk(),
        gemini(),
    ]
    for state, name, text in findings:
        print(f"{state:<9} {name:<20} {text}")
    wanting = [f"{name} ({state})" for state, name, _ in findings if state in (MISSING, WRONG)]
    last = f"Not ready: {', '.join(wanting)}." if wanting else "Everything that is needed is here."
    print(f"\n{last}")
    return 1 if wanting else 0


if __name__ == "__main__":
    sys.exit(main())
