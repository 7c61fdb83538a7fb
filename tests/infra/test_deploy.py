"""`make deploy` runs the right programs in the right order, and no secret is on a command line or shown."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from operations.deploy import dashboard, shell, steps
from operations.deploy.shell import DeployError, Shell

pytestmark = pytest.mark.infra

PYTHON = sys.executable
"""The real one: the product is given another, which only writes down how it was called."""

PROGRAM = """#!{python}
import json, sys
arguments = sys.argv[1:]
given = "" if sys.stdin.isatty() else sys.stdin.read() if "--data-file=-" in arguments else ""
with open({log!r}, "a") as log:
    log.write(json.dumps([{name!r}, arguments, given]) + "\\n")
answers = {answers!r}
if arguments[:3] == ["secrets", "versions", "list"]:  # with those that were added meanwhile
    calls = [json.loads(line)[1] for line in open({log!r})]
    added = sum(call[:4] == ["secrets", "versions", "add", arguments[3]] for call in calls)
    there = dict(answers)[arguments[3]] + added
    print("projects/1/secrets/%s/versions/%d" % (arguments[3], there) if there else "")
    sys.exit()
for words, answer in answers:
    if all(word in arguments for word in words):
        print(answer)
        break
"""

OUTPUTS = {
    "project_id": "example-project",
    "artifact_registry": "us-central1-docker.pkg.dev/example-project/trunkline",
    "secrets": ["gemini-api-key", "twilio-auth-token"],
    "dashboard_bucket": "example-project-dashboard",
    "deployment": {"urls": {"dashboard": "https://app.example.com"}},
    "dns": {"api.example.com": "192.0.2.1"},
    "webhooks": {"twilio_voice": "https://api.example.com/api/v1/voice/twilio/incoming"},
}
FORMER, NEW = "'sha256-Zm9ybWVy'", "'sha256-bmV3'"


def headers(script: str) -> str:
    """A build's headers.json, of pages with one inline script."""
    return json.dumps({"pages": {"/": {"Content-Security-Policy": f"script-src 'self' {script}"}}})


IMAGE = "us-central1-docker.pkg.dev/example-project/trunkline/worker:0123456789ab"


class Cloud:
    """A machine whose programs only write down how they were called."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._log = folder / "calls.jsonl"
        self._programs = folder / "programs"
        self._programs.mkdir()
        terraform = [(["output", name], json.dumps(value)) for name, value in OUTPUTS.items()]
        self.install("terraform", terraform)
        self.install("gcloud", [("gemini-api-key", 4), ("twilio-auth-token", 0)])
        self.install("git", [(["rev-parse"], "0123456789ab")])
        for name in ("docker", "npm", "make"):
            self.install(name, [])
        monkeypatch.setenv("PATH", f"{self._programs}{os.pathsep}{os.environ['PATH']}")
        self.root = folder / "infra"
        self.root.mkdir()
        for name in ("terraform.tfvars", "backend.hcl"):
            (self.root / name).touch()
        monkeypatch.setattr(steps, "TERRAFORM", self.root)
        monkeypatch.setattr(steps, "RELEASES", self.root / "releases.auto.tfvars.json")
        monkeypatch.setattr(steps, "SECRETS", self.root / "secrets.auto.tfvars.json")
        monkeypatch.setattr(dashboard, "POLICY", self.root / "dashboard.auto.tfvars.json")
        monkeypatch.setattr(dashboard, "HEADERS", folder / "headers.json")
        dashboard.HEADERS.write_text(headers(NEW), encoding="utf-8")
        self.policies: list[str | None] = [f"script-src 'self' {NEW} {FORMER}"]
        """What the load balancer answers with, one after the other; None: nobody answers."""
        monkeypatch.setattr(Shell, "header", lambda *_: self.policies.pop(0))
        self.waited: list[float] = []
        monkeypatch.setattr(dashboard.time, "sleep", self.waited.append)
        monkeypatch.setattr(steps.sys, "executable", str(self.install("python", [])))
        monkeypatch.setattr(steps, "_PROGRAMS", ("docker", "gcloud", "git", "npm", "terraform"))

    def has_pages(self, script: str) -> None:
        """Of an earlier deployment."""
        there = [
            (("buckets", "list"), "example-project-dashboard"),
            (("objects", "list"), "headers.json"),
            (("cat", "gs://example-project-dashboard/headers.json"), headers(script)),
        ]
        self.install("gcloud", [("gemini-api-key", 4), ("twilio-auth-token", 1), *there])

    def install(self, name: str, answers: Sequence[tuple[Sequence[str], str] | tuple[str, int]]) -> Path:
        """Answers by words on its command line; by a name alone gcloud's, how many versions a secret has."""
        program = self._programs / name
        text = PROGRAM.format(python=PYTHON, log=str(self._log), name=name, answers=answers)
        program.write_text(text, encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return program

    def calls(self) -> list[tuple[str, list[str], str]]:
        return [tuple(json.loads(line)) for line in self._log.read_text(encoding="utf-8").splitlines()]

    def commands(self) -> list[str]:
        return [" ".join([name, *arguments]) for name, arguments, _ in self.calls()]


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    return Cloud(tmp_path, monkeypatch)


def deploy(release: str | None = None) -> None:
    steps.deploy(Shell(), lambda _: "the-token", release=release, approved=True)


def positions(commands: list[str], *beginnings: str) -> list[int]:
    return [next(n for n, command in enumerate(commands) if part in command) for part in beginnings]


def test_everything_comes_after_what_it_needs(cloud: Cloud) -> None:
    deploy()
    order = positions(
        cloud.commands(),
        "python -m operations.packaging",
        "make dashboard",
        "init -input=false -backend-config=backend.hcl",
        "apply -auto-approve -target=google_project_service.this",
        "secrets versions add twilio-auth-token",
        "docker build",
        "docker push",
        "storage rsync",
    )
    assert order == sorted(order)
    whole = [n for n, command in enumerate(cloud.commands()) if command.endswith("apply -auto-approve")]
    assert len(whole) == 1
    assert order[-2] < whole[0] < order[-1]


def test_what_is_asked_before_everything_is_made_is_there_by_then(cloud: Cloud) -> None:
    """The first deployment ended at the project's id, which Terraform told only when everything was made.

    `before_images.tftest.hcl` holds that Terraform tells these.
    """
    deploy()
    commands = cloud.commands()
    (whole,) = (n for n, command in enumerate(commands) if command.endswith("apply -auto-approve"))
    asked = {command.split()[-1] for command in commands[:whole] if " output " in command}
    held = (shell.TERRAFORM / "tests" / "before_images.tftest.hcl").read_text(encoding="utf-8")
    assert asked == {"project_id", "secrets", "artifact_registry"}
    assert all(f"output.{name} == " in held for name in asked)
    assert f"target = [{', '.join(steps.BASE)}]" in held


def test_the_former_pages_run_until_the_new_ones_are_there(cloud: Cloud) -> None:
    """Their scripts were refused from the moment at which the policy changed."""
    cloud.has_pages(FORMER)
    deploy()
    assert json.loads(dashboard.POLICY.read_text(encoding="utf-8")) == {"former_dashboard_hashes": [FORMER]}
    (whole,) = (n for n, command in enumerate(cloud.commands()) if command.endswith("apply -auto-approve"))
    looked, uploaded, told = positions(cloud.commands(), "storage cat", "storage rsync", "storage cp")
    assert looked < whole < uploaded < told
    # Whatever project gcloud is set to, if it is set to any.
    assert all("--project=example-project" in each for each in cloud.commands() if "buckets list" in each)
    assert cloud.commands()[-3].startswith("gcloud storage cp"), "which pages are there is told last"


def test_the_upload_keeps_what_terraform_wrote_and_tells_last_which_pages_are_there(cloud: Cloud) -> None:
    """A config.json that `make up` had left among the pages would send browsers to a laptop."""
    deploy()
    pages = next(arguments for _, arguments, _ in cloud.calls() if arguments[-2:-1] == ["dashboard/out"])
    (pattern,) = (each.removeprefix("--exclude=") for each in pages if each.startswith("--exclude="))
    files = ("config.json", "headers.json", "_next/static/a.js", "_next/other.txt", "index.html")
    assert [name for name in files if not re.match(pattern, name)] == ["_next/other.txt", "index.html"]


def test_the_first_pages_have_none_before_them(cloud: Cloud) -> None:
    deploy()
    assert json.loads(dashboard.POLICY.read_text(encoding="utf-8")) == {"former_dashboard_hashes": []}


def test_new_pages_wait_until_the_load_balancer_allows_their_scripts(cloud: Cloud) -> None:
    """Its change takes a minute or two: pages that were uploaded at once did not run."""
    other = "'sha256-b3RoZXI='"
    dashboard.HEADERS.write_text(headers(f"{NEW} {other}"), encoding="utf-8")
    cloud.policies = [
        f"script-src 'self' {each}" for each in (FORMER, f"{NEW} {FORMER}", f"{other} {FORMER}")
    ]
    cloud.policies.append(f"script-src 'self' {NEW} {other} {FORMER}")
    deploy()
    assert (len(cloud.waited), cloud.policies) == (3, [])
    assert any("storage rsync" in command for command in cloud.commands())


def test_a_policy_that_stays_as_it_was_keeps_the_former_pages(cloud: Cloud) -> None:
    cloud.policies = [f"script-src 'self' {FORMER}"] * 1000
    with pytest.raises(DeployError, match=r"app\.example\.com still has another"):
        deploy()
    assert not any("rsync" in command for command in cloud.commands())


def test_a_host_that_nobody_reaches_yet_keeps_nobody_waiting(cloud: Cloud) -> None:
    cloud.policies = [None]
    deploy()
    assert cloud.waited == []
    assert any("storage rsync" in command for command in cloud.commands())


def test_a_secret_goes_by_standard_input_and_is_not_shown(
    cloud: Cloud, capfd: pytest.CaptureFixture[str]
) -> None:
    deploy()
    added = [(arguments, given) for name, arguments, given in cloud.calls() if "add" in arguments]
    assert [given for _, given in added] == ["the-token"]
    assert "twilio-auth-token" in added[0][0]
    assert not any("the-token" in command for command in cloud.commands())
    captured = capfd.readouterr()
    assert "the-token" not in captured.out + captured.err


def mounted() -> dict[str, str]:
    """What the next apply has functions and workers start with."""
    return json.loads(steps.SECRETS.read_text(encoding="utf-8"))["secret_versions"]


def test_a_value_that_was_replaced_is_a_change_that_terraform_sees(cloud: Cloud) -> None:
    """It was none: instances that ran kept the former value, whatever was deployed."""
    deploy()
    assert mounted() == {"gemini-api-key": "4", "twilio-auth-token": "1"}
    given = iter(["", "the-next-token"])
    steps.add_secrets(Shell(), lambda _: next(given), anew=True)
    assert mounted() == {"gemini-api-key": "4", "twilio-auth-token": "2"}
    # What was disabled or destroyed would keep functions from starting.
    listed = [command for command in cloud.commands() if "secrets versions list" in command]
    assert listed
    assert all("--filter=state=ENABLED" in command for command in listed)


def test_ctrl_d_gives_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(_: str) -> str:
        raise EOFError

    monkeypatch.setattr(steps.sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(steps, "getpass", ended)
    assert steps.ask_hidden("twilio-auth-token: ") == ""


def test_the_image_is_named_after_the_commit_and_runs_in_the_live_release(cloud: Cloud) -> None:
    deploy()
    assert json.loads(steps.RELEASES.read_text(encoding="utf-8")) == {
        "live_release": "blue",
        "worker_releases": {"blue": {"image": IMAGE}},
    }


def test_a_release_beside_the_live_one_is_as_big_and_leaves_it_as_it_is(cloud: Cloud) -> None:
    blue = {"image": "former", "instances": 3, "agent_name": "trunkline"}
    releases = {"live_release": "blue", "worker_releases": {"blue": blue}}
    steps.RELEASES.write_text(json.dumps(releases), encoding="utf-8")
    deploy("green")
    assert json.loads(steps.RELEASES.read_text(encoding="utf-8"))["worker_releases"] == {
        "blue": blue,
        "green": {"image": IMAGE, "instances": 3},
    }
    assert not any("-var=" in command for command in cloud.commands())


def test_without_a_value_for_a_secret_nothing_starts(cloud: Cloud) -> None:
    with pytest.raises(DeployError, match="twilio-auth-token needs a value"):
        steps.deploy(Shell(), lambda _: "", release=None, approved=True)
    assert not any(command.startswith("docker") for command in cloud.commands())


def test_changes_that_are_not_committed_are_told_before_anything_is_made(cloud: Cloud) -> None:
    cloud.install("git", [(["status"], " M worker/worker.py")])
    with pytest.raises(DeployError, match="changes that are not committed"):
        deploy()
    assert [command.split()[0] for command in cloud.commands()] == ["git"]


def test_what_is_missing_is_told_before_anything_is_done(cloud: Cloud) -> None:
    (cloud.root / "backend.hcl").unlink()
    with pytest.raises(DeployError, match=r"no infra/terraform/backend\.hcl"):
        deploy()


@pytest.mark.parametrize("end", ["exit 1", "exit 125", "kill -9 $$"])
def test_a_program_that_fails_ends_it(cloud: Cloud, tmp_path: Path, end: str) -> None:
    (tmp_path / "programs" / "docker").write_text(f"#!/bin/sh\n{end}\n", encoding="utf-8")
    with pytest.raises(DeployError, match="This failed: docker build"):
        deploy()
    assert not any("rsync" in command for command in cloud.commands())


SAVES = """#!{python}
import signal, sys, time
def save(*_):
    time.sleep(0.6)
    open({saved!r}, "w").close()
    sys.exit(1)
signal.signal(signal.SIGINT, save)
print("working", flush=True)
while True:
    signal.pause()
"""
INTERRUPTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # who starts the tests may have had it ignored
from operations.deploy import __main__ as command
command.deploy = lambda shell, *_, **__: shell.run({program!r})
sys.exit(command.main([]))
"""


def test_ctrl_c_waits_until_terraform_has_saved_what_it_made(tmp_path: Path) -> None:
    """It was killed after a quarter of a second: what it had made was in no state, which stayed locked."""
    program, saved = tmp_path / "terraform", tmp_path / "saved"
    program.write_text(SAVES.format(python=PYTHON, saved=str(saved)), encoding="utf-8")
    program.chmod(0o755)
    with subprocess.Popen(
        [PYTHON, "-c", INTERRUPTED.format(program=str(program))],
        cwd=shell.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        while "working" not in process.stdout.readline():
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all that run in it
        _, said = process.communicate(timeout=30)
    assert saved.exists()
    assert (process.returncode, said) == (
        130,
        "\nInterrupted. Run it again: it goes on where it broke off.\n",
    )


def test_a_dry_run_says_every_step_and_runs_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "operations.deploy", "--dry-run"],
        cwd=shell.ROOT,
        env={"PATH": str(tmp_path), "PYTHONPATH": str(shell.ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for part in (
        "operations.packaging",
        "-target=module.registry",
        "docker push",
        "== Make everything",
        "gs://BUCKET",
    ):
        assert part in done.stdout
    assert not steps.RELEASES.exists()
    assert not steps.SECRETS.exists()
    assert not dashboard.POLICY.exists()
