"""Who may touch secrets: the policy that the laptop cloud enforces, and its file."""

from pathlib import Path

import pytest

from local.google.iam import Policy
from shared.input_files import InputError

pytestmark = pytest.mark.unit

EMAIL = "{}@project.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    ("part", "permission", "allowed"),
    [
        ("worker", "secretmanager.versions.access", True),
        ("worker", "secretmanager.versions.add", True),
        ("worker", "secretmanager.versions.destroy", False),
        ("worker", "cloudtasks.tasks.create", False),
        ("tools-api", "secretmanager.versions.add", True),
        ("tools-api", "secretmanager.versions.access", False),
        ("tools-api", "cloudtasks.tasks.create", True),
        ("oauth", "secretmanager.secrets.delete", True),
        ("incoming-call", "cloudtasks.tasks.create", True),
        ("incoming-call", "secretmanager.versions.access", False),
        ("stranger", "secretmanager.secrets.list", False),
        ("owner", "secretmanager.versions.access", True),
    ],
)
def test_each_part_may_do_only_what_it_needs(part: str, permission: str, allowed: bool) -> None:
    assert Policy().allows(EMAIL.format(part), permission) is allowed


def test_a_policy_file_replaces_every_grant_but_the_owners(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("grants: {worker: [secretmanager.versions.access]}")
    policy = Policy.from_file(file)
    assert policy.allows(EMAIL.format("worker"), "secretmanager.versions.access")
    assert not policy.allows(EMAIL.format("worker"), "secretmanager.versions.add")
    assert not policy.allows(EMAIL.format("oauth"), "secretmanager.versions.access")
    assert policy.allows(EMAIL.format("owner"), "secretmanager.versions.access")


def test_a_mistake_in_a_policy_file_names_file_and_field(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("grants: [worker]")
    with pytest.raises(InputError, match=r"policy\.yaml: grants: "):
        Policy.from_file(file)
