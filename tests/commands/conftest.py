"""How the tests call a command."""

import sys

import pytest

from trm_nav import cli


@pytest.fixture
def command(monkeypatch, capsys):
    """Call a command's module in this process: (exit status, lines of stdout, lines of stderr)."""

    def call(module, *words):
        monkeypatch.setattr(sys, "argv", ["command", *map(str, words)])
        try:
            cli.run(module.main, module.PROG)
            status = 0
        except SystemExit as leaving:
            status = leaving.code
        out, err = capsys.readouterr()
        return status, out.splitlines(), err.splitlines()

    return call
