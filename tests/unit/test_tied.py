"""A program that is tied to another ends with it, however that one dies."""

import subprocess
import sys

import psutil
import pytest

from local.tied import tied

pytestmark = pytest.mark.unit

STARTS_ONE = """
import subprocess, time
from local.tied import tied
program = tied("sh", "-c", "echo $$; exec sleep 60")
subprocess.Popen(program, start_new_session=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
def test_a_program_ends_when_who_started_it_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", STARTS_ONE], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        program = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    program.wait(timeout=30)


def test_a_program_that_is_not_there_is_named() -> None:
    done = subprocess.run(tied("/no/such/program"), capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (1, "/no/such/program: No such file or directory\n")
