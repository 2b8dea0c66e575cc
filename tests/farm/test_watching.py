"""What an operator sees: status, log, estimate and metrics of real runs."""

from __future__ import annotations

import json
import signal
import socket
import time
import urllib.request
from pathlib import Path

import pytest
from scipy import stats

from renderer.dataset.layout import Layout
from renderer.dataset.storage import machine_name
from renderer.farm.run_estimate import Measurement, estimate_run, interval
from renderer.farm.status import run_status
from tests.conftest import CROWD, orbitset, write_recipe
from tests.farm.test_run import start_loud, wait_for_images


def test_status_of_a_run_that_runs_and_of_one_that_was_killed(solids: Path, tmp_path: Path) -> None:
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), tmp_path / "out"
    process = start_loud(recipe, out, "--images", "3000", "--chunk", "4")
    wait_for_images(out, 12)
    running = json.loads(orbitset("farm", "status", out, "--json").stdout)
    assert running["state"] == "running"
    assert running["images"] == 3000
    assert running["schedulers"] == 1
    assert 4 <= running["done"] < 3000
    assert running["rate"] > 0
    left = 3000 - running["done"]
    assert running["eta_s"] == pytest.approx(left / running["rate"], rel=0.01)
    process.kill()
    process.communicate()
    killed = json.loads(orbitset("farm", "status", out, "--json").stdout)
    assert (killed["state"], killed["running"]) == ("stopped", 0)
    # From another machine, which cannot see the process, it is told by the last event.
    for path in out.glob("logs/run-*"):
        path.write_text(path.read_text().replace(machine_name(), "elsewhere"))
    assert run_status(Layout(out)).state == "running"
    assert run_status(Layout(out), now=time.time() + 61).state == "stopped"


def test_log_in_words(crowd: Path) -> None:
    said = orbitset("farm", "log", crowd, "--last", 0).stdout
    assert "begins 8 of 8 shots on cpu.0" in said
    assert "has finished shot 7 in" in said
    assert said.splitlines()[-1].endswith("ends: finished")
    one = orbitset("farm", "log", crowd, "--shot", 3).stdout.splitlines()
    assert 3 <= len(one) < len(said.splitlines())
    assert not any("shot 5 " in line for line in one)
    last = orbitset("farm", "log", crowd, "--last", 1, "--json").stdout
    assert json.loads(last)["event"] == "end"


def test_metrics_are_served_while_it_runs(solids: Path, tmp_path: Path) -> None:
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), tmp_path / "out"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = start_loud(recipe, out, "--images", "3000", "--metrics-port", str(port))
    wait_for_images(out, 10)
    time.sleep(0.5)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text = answer.read().decode()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    values = dict(
        line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#")
    )
    assert float(values['orbitset_images_total{device="cpu",outcome="done"}']) >= 5
    assert float(values["orbitset_images_wanted"]) == 3000
    assert float(values['orbitset_image_seconds_sum{device="cpu"}']) > 0
    assert float(values["orbitset_paused"]) == 0


def test_estimate(solids: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r", CROWD, solids)
    result = orbitset(
        *("estimate", recipe, "--images", 5000, "--shots", 6, "--per-device", 1, "--json"),
        *("--price-per-hour", 2, "--target-hours", 0.01),
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["images"] == 5000
    assert found["measured"] == 5
    seconds = found["seconds_per_image"]
    # Five tiny shots on a busy machine: the interval may reach down to 0.
    assert 0 <= seconds["low"] < seconds["mean"] < seconds["high"] < 30
    assert found["device_hours"]["mean"] == pytest.approx(seconds["mean"] * 5000 / 3600)
    assert (found["devices"], found["per_device"]) == (["cpu"], 1)
    assert found["hours_here"] == found["device_hours"]
    assert found["price"]["high"] == pytest.approx(2 * found["device_hours"]["high"])
    assert found["devices_needed"] >= found["device_hours"]["mean"] / 0.01
    assert 5000 * 5_000 < found["disk_bytes"]["mean"] < 5000 * 60_000
    plain = orbitset("estimate", recipe, "--shots", 6)
    assert "device-seconds" in plain.stdout
    assert "seconds (" in plain.stdout.splitlines()[3]
    assert plain.stdout.splitlines()[3].endswith("on this machine")


def test_interval_is_students(tmp_path: Path) -> None:
    values = (1.0, 1.5, 0.7, 2.2, 1.1)
    low, high = stats.t.interval(0.95, 4, loc=sum(values) / 5, scale=stats.sem(values))
    found = interval(values)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    estimate = estimate_run(Measurement(values, (1e6, 1e6), ("optix:0",), 1), 3600, None, 1.0)
    assert estimate.devices_needed == 3  # 2.03 device-hours at the upper end
    assert estimate.price is None


def test_retry_names_only_what_failed(crowd: Path, tmp_path: Path) -> None:
    result = orbitset("farm", "retry", crowd, "--shot", 3)
    assert result.returncode == 2
    assert "shot 3 has not failed" in result.stderr
    nothing = orbitset("farm", "status", tmp_path)
    assert nothing.returncode == 2
    assert "holds no orbitset run" in nothing.stderr
