"""infra/terraform is formatted, modules do what their tests say, and what a README shows can be planned."""

import re
import shutil
from pathlib import Path

import pytest

from local.terraform import schema
from tests.infra.terraform import MODULES, SOURCE, Terraform

pytestmark = [pytest.mark.infra, pytest.mark.timeout(600)]

_EXAMPLE = re.compile(r"```hcl\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    return Terraform.on_copy(tmp_path_factory.mktemp("modules"))


def test_everything_is_formatted() -> None:
    program = shutil.which("terraform")
    if program is None:
        pytest.skip("terraform is not here")
    done = Terraform(program, SOURCE, {}).run("fmt", "-check", "-recursive", "-diff")
    assert done.returncode == 0, done.stdout


def test_the_stand_in_knows_every_resource_that_is_used() -> None:
    known = schema.load()
    resources, data_sources = schema.used_types()
    assert (sorted(known["resources"]), sorted(known["data_sources"])) == (
        sorted(resources),
        sorted(data_sources),
    ), "describe the provider anew: python -m local.terraform schema"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_holds_what_its_tests_say(terraform: Terraform, module: str) -> None:
    folder = terraform.root / "modules" / module
    terraform.initialise(folder)
    done = terraform.run("test", "-no-color", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failed" in done.stdout


def test_each_modules_readme_shows_something_that_can_be_planned(terraform: Terraform) -> None:
    folder = terraform.root / "readmes"
    (folder / "tests").mkdir(parents=True)
    shutil.copytree(terraform.root / "tests" / "fixtures" / "functions", folder / ".build" / "functions")
    examples = [_example(module) for module in MODULES]
    versions = (terraform.root / "modules" / "iam" / "versions.tf").read_text(encoding="utf-8")
    (folder / "main.tf").write_text("\n".join([versions, *examples]), encoding="utf-8")
    (folder / "tests" / "readmes.tftest.hcl").write_text(
        'mock_provider "google" {}\n\nrun "as_shown" {\n  command = plan\n}\n', encoding="utf-8"
    )
    terraform.initialise(folder)
    done = terraform.run("test", "-no-color", folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr


def _example(module: str) -> str:
    readme = (SOURCE / "modules" / module / "README.md").read_text(encoding="utf-8")
    (example,) = _EXAMPLE.findall(readme)
    assert f'source = "./modules/{module}"' in example, f"{module}: the example uses another module"
    return example.replace('"./modules/', '"../modules/')


def test_every_input_check_has_a_test() -> None:
    """`expect_failures` names each variable that has a validation."""
    for folder in [SOURCE, *(SOURCE / "modules" / module for module in MODULES)]:
        checked = {name for file in folder.glob("*.tf") for name in _checked_variables(file)}
        tests = "".join(file.read_text(encoding="utf-8") for file in folder.glob("tests/*.tftest.hcl"))
        expected = set(
            re.findall(r"var\.(\w+)", " ".join(re.findall(r"expect_failures = \[(.*?)\]", tests, re.DOTALL)))
        )
        assert checked <= expected, f"{folder.name}: no test makes {sorted(checked - expected)} fail"


def _checked_variables(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8")
    blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.DOTALL | re.MULTILINE)
    return [name for name, body in blocks if "validation {" in body]
