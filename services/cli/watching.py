"""How a running part is watched, by docs/watching.md: its figures, whether its loop goes round, and
whether what it needs is there.
"""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import ExitStack, contextmanager
from typing import Any

import orjson
import structlog

from adapters.watching.metrics import Metrics
from adapters.watching.pipeline import PipelineReader
from infra.probes import Page, Pages, serving
from infra.settings import Settings, variable_of
from services.cli.failure import CliError
from services.cli.opening import Place, pipeline_reader
from services.cli.translation import explain

LOOK_S = 5.0
LOOK_OLD_S = 30.0
LIVE_S = 120.0  # A relay may wait a minute for a broker that is away.
STARTING = "starting"

log = structlog.get_logger()


class Watching:
    """Of one process, and of the platforms that it may serve."""

    def __init__(self, places: Mapping[str, Place], live_s: float = LIVE_S) -> None:
        self.metrics = Metrics()
        self.address: str | None = None  # Where the pages are served.
        self._places = places
        self._live_s = live_s
        self._round_at = time.monotonic()
        self._looked_at = self._round_at
        self._trouble: str | None = STARTING
        self._show_held(frozenset())

    def round(self, held: AbstractSet[str]) -> None:
        """The loop came round, and serves these platforms."""
        self._round_at = time.monotonic()
        if self._held != held:
            self._show_held(held)

    def away(self, error: BaseException) -> None:
        """The loop cannot work at present, and will try again."""
        self.round(frozenset())
        self._trouble = _code(error)

    def saw(self, trouble: str | None) -> None:
        """A look at the pipeline has ended."""
        self._trouble, self._looked_at = trouble, time.monotonic()

    def _show_held(self, held: AbstractSet[str]) -> None:
        self._held = frozenset(held)
        self.metrics.show_shares(self._places, self._held)

    def live(self, _accept: str = "") -> Page:
        round_s = time.monotonic() - self._round_at
        alive = round_s < self._live_s
        return _page(alive, {"live": alive, "round_s": round(round_s, 3)})

    def ready(self, _accept: str = "") -> Page:
        """A part that waits to take a platform over is ready too."""
        trouble = self._trouble
        if trouble is None and time.monotonic() - self._looked_at > LOOK_OLD_S:
            trouble = "look_overdue"
        answer = {
            "ready": trouble is None,
            "trouble": trouble,
            "held": sorted(self._held),
            "waiting": sorted(self._places.keys() - self._held),
        }
        return _page(trouble is None, answer)

    def figures(self, accept: str = "") -> Page:
        return Page(*self.metrics.page(accept))

    def pages(self) -> Pages:
        return {"/metrics": self.figures, "/live": self.live, "/ready": self.ready}

    @contextmanager
    def looking(self, urls: Mapping[str, str], options: Mapping[str, Any] | None) -> Iterator[None]:
        """Looks at the pipeline every few seconds, in a thread of its own, while the block lasts;
        not where nobody is served."""
        if self.address is None:
            yield
            return
        looker, ended = Looker(self._places, urls, options, self.metrics), threading.Event()

        def look_on() -> None:
            while not ended.is_set():
                self.saw(looker.look())
                ended.wait(LOOK_S)
            looker.close()

        thread = threading.Thread(target=look_on, name="looking", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


class Looker:
    """The pipeline of each platform into the figures. Not for several threads."""

    def __init__(
        self,
        places: Mapping[str, Place],
        urls: Mapping[str, str],
        options: Mapping[str, Any] | None,
        metrics: Metrics,
    ) -> None:
        self._metrics = metrics
        self._readers = {
            platform: pipeline_reader(places[platform], url, options)
            for platform, url in urls.items()
        }

    def look(self) -> str | None:
        """What is not there to be read, as a code of docs/errors.md; None where all is. What is
        there is shown all the same."""
        codes = [self._look_at(platform, reader) for platform, reader in self._readers.items()]
        return next((code for code in codes if code is not None), None)

    def _look_at(self, platform: str, reader: PipelineReader) -> str | None:
        try:
            look = reader.look()
        except Exception as error:  # noqa: BLE001 - told by its code, and in the log.
            return self._failed(platform, error)
        self._metrics.show(look, time.time())
        return None if look.trouble is None else self._failed(platform, look.trouble)

    def _failed(self, platform: str, error: Exception) -> str:
        code = _code(error)
        self._metrics.look_failed(platform, code)
        log.warning("look_failed", platform=platform, error=type(error).__name__, what=str(error))
        return code

    def close(self) -> None:
        for each in self._readers.values():
            each.close()


@contextmanager
def watched(
    settings: Settings, places: Mapping[str, Place], live_s: float = LIVE_S
) -> Iterator[Watching]:
    """Serves the pages while the block lasts, where a port is set. Raises CliError where it cannot
    be listened on."""
    watching, host, port = Watching(places, live_s), settings.metrics_host, settings.metrics_port
    with ExitStack() as opened:
        if port is not None:
            try:
                watching.address = opened.enter_context(serving(host, port, watching.pages()))
            except OSError as error:
                raise _unusable(host, port, error) from None
        yield watching


def _unusable(host: str, port: int, error: OSError) -> CliError:
    told = f"{host}:{port} cannot be listened on: {error.strerror}"
    if error.errno in {errno.EADDRINUSE, errno.EACCES}:
        hint = f"set {variable_of('metrics_port')} to another (0 takes a free one)"
        return CliError("port_taken", f"metrics_port: {told}", "metrics_port", hint)
    hint = f"set {variable_of('metrics_host')} to an address of this machine"
    return CliError("bad_settings", f"metrics_host: {told}", "metrics_host", hint)


def _page(good: bool, answer: Mapping[str, object]) -> Page:
    return Page(orjson.dumps(answer) + b"\n", status=200 if good else 503)


def _code(error: BaseException) -> str:
    told = explain(error)
    return "failed" if told is None else told.code
