"""docs/contract says what the models say, and what is really written and read agrees with it."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from pydantic import create_model

from adapters.codec import EVENT_TYPES, GENESIS, Circumstances, stored_state
from adapters.commanding import Outcome, Receipt
from adapters.kafka import contract
from adapters.kafka.asyncapi import TOPICS
from adapters.kafka.contract import Parked, Reply
from domain.commands import COMMANDS, FROM_OUTSIDE, Command
from services.cli.command_examples import EXAMPLES, ON_OCCASION
from services.cli.contract_files import FOLDER, files

SAMPLES = Path(__file__).parents[2] / "samples" / "events"
FILES = dict(files())
DOCUMENT: dict[str, Any] = json.loads(FILES[FOLDER / "asyncapi.json"])


def schema(file: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / file).read_text(encoding="utf-8"))
    return found


def check(file: str, value: object) -> None:
    Draft202012Validator(schema(file), format_checker=FormatChecker()).validate(value)


def references(node: object) -> Iterator[str]:
    match node:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for each in node.values():
                yield from references(each)
        case list():
            for each in node:
                yield from references(each)


def at(reference: str) -> Any:
    """What a reference within the document leads to."""
    node: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_every_file_is_current(path: Path) -> None:
    assert path.exists(), "run: make schemas"
    assert path.read_text(encoding="utf-8") == FILES[path], "run: make schemas"


def test_no_file_is_left_over_but_those_of_events_that_are_still_in_a_log() -> None:
    past = {FOLDER / "events" / path.name for path in SAMPLES.iterdir()}
    assert set(FOLDER.rglob("*.json")) - past <= set(FILES)


def test_a_change_of_a_model_changes_its_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = create_model("RepayLoan", __base__=FROM_OUTSIDE["repay_loan"], more=(int, ...))
    monkeypatch.setitem(FROM_OUTSIDE, "repay_loan", changed)
    differing = {path for path, text in files() if text != FILES[path]}
    assert differing == {FOLDER / "commands" / "repay_loan.json"}


def test_only_what_may_come_from_outside_is_a_command() -> None:
    published = {path.stem for path in (FOLDER / "commands").iterdir()}
    assert published == set(FROM_OUTSIDE)
    assert "settle_entry" in set(COMMANDS) - published


@pytest.mark.parametrize(
    "file", sorted(str(p.relative_to(FOLDER)) for p in FILES if p.name != "asyncapi.json")
)
def test_every_schema_is_one(file: str) -> None:
    Draft202012Validator.check_schema(schema(file))


@pytest.mark.parametrize("command", [*EXAMPLES, *ON_OCCASION], ids=lambda command: command.id)
def test_every_example_of_a_command_is_valid_and_one_field_more_is_not(command: Command) -> None:
    message = command.model_dump(mode="json")
    file = f"commands/{command.type}.json"
    check(file, message)
    assert message in schema(file)["examples"]
    with pytest.raises(ValidationError):
        check(file, message | {"surprise": 1})
    with pytest.raises(ValidationError):
        check(file, {name: each for name, each in message.items() if name != "type"})


@pytest.mark.parametrize("sample", sorted(SAMPLES.iterdir()), ids=lambda sample: sample.stem)
def test_every_stored_event_is_valid(sample: Path) -> None:
    opening = Circumstances("2024-01-02T03:04:05.678+00:00", "2024-01-02", "c1", "c1", "ops")
    state = stored_state(opening.opening(), GENESIS.hex(), sample.read_bytes().strip())
    check(f"events/{sample.name}", json.loads(state))
    with pytest.raises(ValidationError):
        check(f"events/{sample.name}", json.loads(sample.read_bytes()))


def test_a_reply_is_a_receipt_and_a_parked_message_names_its_place() -> None:
    receipt = Receipt("c1", Outcome.REFUSED, "loan_unknown", "No such loan.", "loan_id")
    assert set(schema("reply.json")["required"]) == set(receipt._fields)
    check("reply.json", Reply(**receipt._asdict()).model_dump(mode="json"))
    parked = Parked(id=1, reason="type: unknown", source="inbox", offset=0)
    check("parked.json", parked.model_dump(mode="json"))


def test_the_commands_on_the_page_for_platform_engineers_are_valid() -> None:
    page = (FOLDER.parent / "platform-engineers.md").read_text(encoding="utf-8")
    shown = [json.loads(each) for each in re.findall(r"echo '(.+)'", page)]
    assert len(shown) == 2
    for command in shown:
        check(f"commands/{command['type']}.json", command)


def test_the_page_for_two_people_says_what_is_signed() -> None:
    """Checked without any of our code, as a program of somebody else's would make it."""
    page = (FOLDER.parent / "two-people.md").read_text(encoding="utf-8")
    [text] = re.findall(r"^    (\{.+\})$", page, re.MULTILINE)
    [example] = schema("commands/seed_reserve.json")["examples"]
    [appointed] = schema("commands/appoint_operators.json")["examples"]
    keys = {each["operator_id"]: each["public_key"] for each in appointed["operators"]}
    signed = {name: each for name, each in example.items() if each is not None}
    for part in ("maker", "checker"):
        given = signed.pop(part)
        key = Ed25519PublicKey.from_public_bytes(b64decode(keys[given["operator_id"]]))
        key.verify(b64decode(given["signature"]), f"zhuanhu {part} v1\n{text}".encode())
    assert json.dumps(signed, sort_keys=True, separators=(",", ":")) == text


def test_every_reference_of_the_document_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        if reference.startswith("#/"):
            assert at(reference)
        else:
            assert (FOLDER / reference).exists()


def test_every_channel_has_its_messages_and_each_message_its_schema_and_headers() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert set(DOCUMENT["channels"]) == set(TOPICS)
    for name, channel in DOCUMENT["channels"].items():
        assert channel["address"] == f"zhuanhu.{{platform}}.{name}"
        assert set(channel["messages"]) == set(contract.FILES[name]) != set()
        for kind in channel["messages"]:
            message = at(f"#/components/messages/{kind}")
            common, own = message["headers"]["allOf"]
            assert own["properties"]["ce_type"] == {"const": kind}
            assert {"ce_id", "ce_type", "content-type"} <= set(at(common["$ref"])["required"])
            assert message["payload"]["schema"]["$ref"] == f"./{contract.FILES[name][kind]}"


def test_every_operation_goes_through_messages_of_its_channel() -> None:
    operations = DOCUMENT["operations"]
    for each in (*operations.values(), operations["decide"]["reply"]):
        own = f"{each['channel']['$ref']}/messages/"
        assert {reference["$ref"] for reference in each["messages"]} == {
            own + kind for kind in at(each["channel"]["$ref"])["messages"]
        }


def test_the_document_names_every_message() -> None:
    assert set(DOCUMENT["components"]["messages"]) == set(contract.schemas())
    assert len(contract.FILES["events"]) == len(EVENT_TYPES)
