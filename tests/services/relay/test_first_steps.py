"""What docs/platform-engineers.md shows, run as it stands there: in a folder that has one file of
ours and cannot find another."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.kafka import publisher
from tests.services.kafka_house import KafkaHouse

PAGE = Path(__file__).parents[3] / "docs/platform-engineers.md"
Run = Callable[[str], str]


@pytest.fixture
def run(house: KafkaHouse, tmp_path: Path) -> Run:
    shutil.copy(Path(publisher.__file__), tmp_path)

    def script(text: str) -> str:
        [server] = house.options["bootstrap_servers"]
        own = text.replace("127.0.0.1:9092", server)
        own = own.replace('"demo"', f'"{house.platform}"')
        own = own.replace("zhuanhu.demo.", f"zhuanhu.{house.platform}.")
        (tmp_path / "steps.py").write_text(own, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-P", "-c", "import sys; sys.path.insert(0, '.'); import steps"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return script


def test_the_first_command_is_accepted_and_its_event_read(house: KafkaHouse, run: Run) -> None:
    ask, read = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for _ in range(2):
        with ThreadPoolExecutor(1) as beside:
            said = beside.submit(run, ask)
            house.take(1)
            house.relay.wait(0)
            house.relay_all()
            assert said.result() == "accepted None None\n"
    once = read.replace('"read_committed")', '"read_committed", consumer_timeout_ms=3000)')
    [*_, last] = run(once).splitlines()
    assert last.split()[1:] == ["member-M1", "['investor']"]
