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
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
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
    ask, read, _ = PROGRAMS
    for _ in range(2):
        with ThreadPoolExecutor(1) as beside:
            said = beside.submit(run, ask)
            house.take(1)
            house.relay.wait(0)
            house.relay_all()
            assert said.result() == "accepted None None\n"
    [*_, last] = run(once(read)).splitlines()
    assert last.split()[1:] == ["member-M1", "['investor']"]


def test_whoever_reads_all_events_checks_their_chain(house: KafkaHouse, run: Run) -> None:
    house.relay_all()
    _, read, hashing = PROGRAMS
    checking = """    said = json.loads(record.value)["prev"]
    if said != known:
        raise RuntimeError(f"{position} follows {said}, not {known}")
    known = hash_of(record, attributes)
    last = position"""
    program = once(read).replace("    last = position", checking) + "print(last, known)\n"
    [[last]] = house.query("SELECT encode(head_hash, 'hex') FROM {}.shard")
    told = run(f"known = '0' * 64\n{hashing}\n{program}").splitlines()
    assert told[-1] == f"{house.log.head()} {last}"


def once(read: str) -> str:
    """It ends where nothing more comes."""
    longer = '"earliest", consumer_timeout_ms=3000,'
    assert read.count('"earliest",') == 1
    return read.replace('"earliest",', longer)
