"""A class on a JupyterHub: the hub that INSTRUCTORS.md configures, with two students, and what is safe about it."""

import contextlib
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest
import traitlets.config

from benchmarks.studies.classroom import hub, image, installation, measurement

ROOT = Path(__file__).parents[2]
SMALL = "num_train, num_test, epochs = 200, 100, 6"
PATIENCE = 120  # seconds until a server answers; a machine may be busy
SLIM_DEBIAN = {"apt-get", "rm", "useradd", "install"}  # of what the image's first step calls


@pytest.fixture(scope="module")
def record():
    if reason := installation.missing():
        pytest.skip(reason)
    return measurement.measure_class(2, presets=["Underfitting"], parameters=SMALL)


@pytest.mark.slow
def test_two_students_log_in_and_run_the_lesson_and_press_a_preset(record):
    assert record["failures"] == []
    for step in ("log in", "run lesson 05 up to the laboratory", "press Underfitting"):
        assert len(record["steps"][step]["seconds"]) == 2
    assert {"hub", "proxy", "servers", "kernels"} <= record["peak_mb"].keys()


@pytest.mark.slow
def test_hub_listens_on_the_loopback_alone_and_logs_no_secret(record):
    assert record["listens_on"] == ["127.0.0.1"]
    assert record["secrets_in_log"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["killed kernel", "culled server"])
def test_a_loss_takes_the_variables_and_leaves_the_files(record, loss):
    assert record["lost"][loss]["variables"] is False
    assert record["lost"][loss]["files"] is True


def test_without_the_hub_the_measurement_says_how_to_install_it(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(installation, "PROXY", installation.ROOT / "runs" / "no such proxy")
    with pytest.raises(SystemExit) as ended:
        installation.require()
    assert ended.value.code == 2
    (sentence,) = capsys.readouterr().out.splitlines()
    assert "install" in sentence or "Linux" in sentence


def test_a_class_that_would_not_fit_into_memory_is_not_started(capsys):
    with pytest.raises(SystemExit) as ended:
        installation.require_memory(10**9)
    assert ended.value.code == 2
    assert "are available" in capsys.readouterr().out


def test_configured_hub_is_reached_through_the_loopback_and_uses_the_image():
    config = traitlets.config.Config()
    exec(hub.CONFIG.read_text(encoding="utf-8"), {"get_config": lambda: config})
    assert config.JupyterHub.bind_url.startswith("http://127.0.0.1:")
    assert config.Authenticator.allow_all, "or JupyterHub 5 lets nobody in"
    (folder,) = (words for name, words in image.steps((ROOT / "Dockerfile").read_text()) if name == "WORKDIR")
    (cull,) = config.JupyterHub.services
    for command in (config.Spawner.cmd, cull["command"]):
        assert command[0].startswith(f"{folder}/.venv/bin/")
    (role,) = config.JupyterHub.load_roles
    assert role["services"] == [cull["name"]]


def test_steps_of_a_dockerfile_are_read_without_comments_and_each_on_one_line():
    text = '# a\nFROM x\nRUN one \\\n    # b\n    && two\n\nCMD ["c"]\n'
    assert list(image.steps(text)) == [("FROM", "x"), ("RUN", "one && two"), ("CMD", '["c"]')]


def test_the_image_first_calls_only_what_a_slim_debian_has():
    """Debian 13 has no adduser unless it is installed."""
    words = next(words for name, words in image.steps((ROOT / "Dockerfile").read_text()) if name == "RUN")
    assert {command.split()[0] for command in words.split("&&")} <= SLIM_DEBIAN


@pytest.mark.slow
def test_jupyterlab_as_make_lab_starts_it_listens_on_the_loopback_alone_and_logs_no_token(tmp_path):
    words = re.search(r"^\t\$\(BIN\) (-m jupyterlab .+?) \$\(ARGS\)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    token, (port,) = secrets.token_hex(16), hub.free_ports(1)
    environment = {name: os.environ[name] for name in ("PATH", "TMPDIR", "PYTHONPATH") if name in os.environ}
    environment |= {"HOME": str(tmp_path), "JUPYTER_TOKEN": token}
    arguments = ["--no-browser", f"--port={port}", "--ServerApp.port_retries=0", "--allow-root"]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, *words.split(), *arguments], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        for path in ("/lab", "/api/contents", "/lab"):
            wait_for(f"http://127.0.0.1:{port}{path}?token={token}", server)
        listens_on = {
            connection.laddr.ip
            for connection in psutil.Process(server.pid).net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }
    finally:
        server.terminate()
        server.wait()
    said = (tmp_path / "log").read_text()
    assert listens_on <= {"127.0.0.1", "::1"} and listens_on
    assert "/lab?token=" in said and token not in said


def wait_for(address: str, server: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(ConnectionError, urllib.error.URLError, socket.timeout):
            with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
                answer.read()
            return
        time.sleep(0.2)
    raise AssertionError("JupyterLab did not answer")
