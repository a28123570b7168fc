"""The custody service as a process of its own, to be killed at any moment.

Its commands go by the inbox. Lines on its standard input are the time: it works until that closes.
"""

from __future__ import annotations

import sys
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path

from adapters.inbox import Inbox
from adapters.shard_schema import shard_schema
from adapters.vault import Vault
from infra.clock import RunningClock
from services.cli.custodians import FAMILIES, LOCAL
from services.cli.opening import find
from services.custody.custody import Custody
from services.custody.notices import listening
from tests.soak.bank import HASTY_MS, bank_at


def main() -> None:
    folder, url, bank_url, notice_port, now = sys.argv[1:]
    place = find(Path(folder), None)
    bank = bank_at(place, bank_url, int(notice_port), HASTY_MS)
    clock, stop = RunningClock(datetime.fromisoformat(now)), threading.Event()
    threading.Thread(target=follow_time, args=(clock, stop), daemon=True).start()
    seal = place.installation.seal(place.data)
    vault = Vault(url, shard_schema(place.platform), seal)
    with (
        closing(vault),
        closing(Inbox(url, place.platform, seal)) as inbox,
        closing(bank.connected(clock)) as connection,
        Custody(url, place.platform, connection, inbox, clock, vault) as custody,
        listening(LOCAL, int(notice_port), custody.receive, FAMILIES[bank.family].word),
    ):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        custody.run(stop)


def follow_time(clock: RunningClock, stop: threading.Event) -> None:
    for line in sys.stdin:
        clock.set(datetime.fromisoformat(line.strip()))
    stop.set()


if __name__ == "__main__":
    main()
