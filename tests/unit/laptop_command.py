"""`python -m local` in this process, and the one line that it prints about a mistake."""

import sys

import pytest

from local import __main__ as main_module


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["python -m local", *map(str, arguments)])
    return main_module.main()


def only_line(capsys: pytest.CaptureFixture[str]) -> str:
    out, error = capsys.readouterr()
    assert out == ""
    assert error.count("\n") == 1
    return error.strip()
