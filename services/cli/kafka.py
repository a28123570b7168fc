"""`zhuanhu kafka`: a real Kafka of our own for development, and the way to whichever is used."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from infra import kafka_programs
from infra.errors import KafkaUnavailable
from infra.kafka import brokers, client_options
from infra.kafka_broker import KafkaBroker
from infra.settings import Settings, load_settings
from services.cli.failure import EXIT_REFUSED
from services.cli.opening import data_folder
from services.cli.options import AsJson, Data
from services.cli.showing import show_json

app = typer.Typer()
kafka_app = typer.Typer(help="A Kafka of our own, for development.", no_args_is_help=True)
app.add_typer(kafka_app, name="kafka")


_HOW = {
    (True, True): "answers",
    (False, True): "does not answer",
    (False, False): "is not running",
}


@dataclass(frozen=True, slots=True)
class Broker:
    """`running`: it answers. `pid` and `data` are those of a broker of our own."""

    running: bool
    bootstrap_servers: str | None = None
    pid: int | None = None
    data: str | None = None


@kafka_app.command("start")
def start_command(data: Data = None, as_json: AsJson = False) -> None:
    """Start one in the data folder, on 127.0.0.1 alone, and return when it answers; it runs on
    until it is stopped.

    One that was killed goes on with its data, and with its port where that is free. It needs a JDK
    17 and, the first time, Maven. With KAFKA_BOOTSTRAP_SERVERS set nothing is started: that one is
    asked whether it answers.

    Example: zhuanhu kafka start --json
    """
    settings = load_settings()
    if settings.kafka_bootstrap_servers is not None:
        brokers(client_options(settings))
        _show(Broker(running=True, bootstrap_servers=settings.kafka_bootstrap_servers), as_json)
        return
    if not as_json and not kafka_programs.are_fetched(settings.cache_dir):
        told = f"Fetching Kafka {kafka_programs.version()} with Maven, this once ..."
        print(told, file=sys.stderr, flush=True)
    broker = _own(data, settings)
    broker.start()
    _show(_state(broker), as_json)


@kafka_app.command("stop")
def stop_command(data: Data = None, as_json: AsJson = False) -> None:
    """Stop the one in the data folder cleanly, and return when it has ended. What it holds stays.

    Example: zhuanhu kafka stop --json
    """
    broker = _own(data, load_settings())
    broker.stop()
    _show(_state(broker), as_json)


@kafka_app.command("status")
def status_command(data: Data = None, as_json: AsJson = False) -> None:
    """Where Kafka is and whether it answers: the one that KAFKA_BOOTSTRAP_SERVERS names, else ours.
    Exit 1 where none does.

    Example: zhuanhu kafka status --json
    """
    settings = load_settings()
    if settings.kafka_bootstrap_servers is not None:
        answers = _answers(settings)
        state = Broker(running=answers, bootstrap_servers=settings.kafka_bootstrap_servers)
    else:
        state = _state(_own(data, settings))
    _show(state, as_json)
    if not state.running:
        raise typer.Exit(EXIT_REFUSED)


def kafka_settings(data: Path | None) -> Settings:
    """Settings that lead to Kafka: as they are set, else to the data folder's own broker. Raises
    KafkaUnavailable where there is no address and no broker that answers."""
    settings = load_settings()
    if settings.kafka_bootstrap_servers is not None:
        return settings
    broker = _own(data, settings)
    if not broker.answers():
        raise KafkaUnavailable(
            f"no Kafka runs in {broker.data_dir}, and KAFKA_BOOTSTRAP_SERVERS is not set",
            f"Start one: zhuanhu kafka start --data {broker.data_dir}. {kafka_programs.WAYS_OUT}",
        )
    return settings.with_own_kafka(broker.address)


def _own(data: Path | None, settings: Settings) -> KafkaBroker:
    return KafkaBroker(data_folder(data), settings.cache_dir)


def _answers(settings: Settings) -> bool:
    try:
        return brokers(client_options(settings)) > 0
    except KafkaUnavailable:
        return False


def _state(broker: KafkaBroker) -> Broker:
    pid = broker.pid
    if pid is None:
        return Broker(running=False, data=str(broker.data_dir))
    return Broker(broker.answers(), broker.address, pid, str(broker.data_dir))


def _show(state: Broker, as_json: bool) -> None:
    if as_json:
        show_json(asdict(state))
        return
    where = f" at {state.bootstrap_servers}" if state.bootstrap_servers else ""
    process = f" (pid {state.pid}, in {state.data})" if state.pid else ""
    print(f"Kafka{where} {_HOW[state.running, state.bootstrap_servers is not None]}{process}")
