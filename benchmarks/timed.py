"""Runs one zhuanhu command and adds a line of JSON: its seconds and the peak of its memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time


def main() -> None:
    began = time.monotonic()
    done = subprocess.run((sys.executable, "-m", "services.cli", *sys.argv[1:]), check=False)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = {"seconds": round(time.monotonic() - began, 1), "peak_mb": usage.ru_maxrss // 1024}
    print(json.dumps(told))
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
