"""camt.053: what is read of a good file, and that nothing is read of any other."""

from __future__ import annotations

import re
from datetime import date

import pytest

from adapters.statements.camt053 import read_camt053
from adapters.statements.model import Balance, Line, Statement
from domain.bank_statement import StatementUnreadable
from tests.adapters.statements.files import CAMT053, CARD, PERSON, SAMPLES, SECRETS, changed

VERSIONS = sorted(CAMT053)
IN_SAMPLES = {"EUR", "SEK", "CHF", "JPY"}
NO_PLACE = r"line [0-9]+(, column [0-9]+|, byte [0-9]+ of the file)?: "
PLACE = r"line [0-9]+, /Document/[A-Za-z0-9/\[\]]+: "


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def refusal(content: bytes) -> str:
    with pytest.raises(StatementUnreadable) as caught:
        read_camt053(content)
    told = str(caught.value)
    assert re.match(f"{NO_PLACE}|{PLACE}", told), told
    assert [each for each in SECRETS if each in told] == []
    return told


@pytest.mark.parametrize("version", VERSIONS)
def test_a_good_file_is_read_to_the_fen(version: str) -> None:
    (statement,) = read_camt053(CAMT053[version].encode())
    day = date(2018, 1, 5)
    first, second, third = statement.lines
    assert statement == Statement(
        "S1",
        (
            Balance("OPBD", CARD, date(2018, 1, 4), 10000, "CNY"),
            Balance("CLBD", CARD, day, 10850, "CNY"),
        ),
        (
            Line(
                line=first.line,
                account=CARD,
                booked_on=day,  # Half past seven in the morning in Shanghai.
                value_on=date(2018, 1, 6),
                amount_fen=1000,
                currency="CNY",
                references=("mv-1",),
                bank_ref="B1",
                code="PMNT/RCDT/BOOK",
                counterparty=CARD,
                text=PERSON,
            ),
            Line(
                line=second.line,
                account=CARD,
                booked_on=day,
                value_on=day,
                amount_fen=-250,
                currency="CNY",
                reversal=True,
                references=("mv-2",),
                bank_ref="B2",
                code="REPAYMENT",
                text="taken back",
            ),
            Line(third.line, CARD, day, day, 100, "CNY"),
        ),
    )
    lines = CAMT053[version].splitlines()
    assert [lines[each.line - 1] for each in statement.lines] == ["<Ntry>"] * 3
    assert [each for each in SECRETS if each in repr(statement)] == []


@pytest.mark.parametrize(
    ("name", "statements", "amounts"),
    [
        ("camt053.v2.minimal.xml", 1, [885]),
        ("camt053.v2.multi.statement.xml", 2, [885, -700]),
        ("camt053.v8.xml", 1, [885]),
    ],
)
def test_the_published_samples_are_read(name: str, statements: int, amounts: list[int]) -> None:
    read = read_camt053(sample(name), IN_SAMPLES)
    assert len(read) == statements
    assert [line.amount_fen for each in read for line in each.lines] == amounts
    assert "the currency must be CNY" in refusal(sample(name))


def test_the_wrong_sample_is_refused() -> None:
    told = refusal(sample("camt053.v2.wrong.xml"))
    assert told == (
        "line 3, /Document/BkToCstmrStmt: does not stand here, or lacks what must;"
        " the schema expects Stmt"
    )


SECOND_STATEMENT = "</Stmt>\n<Stmt><Id>S1</Id>{0}</Stmt>"
BALANCES = """<CreDtTm>2018-01-06T00:00:00</CreDtTm><Acct><Id><Othr><Id>2</Id></Othr></Id></Acct>
<Bal><Tp><CdOrPrtry><Cd>PRCD</Cd></CdOrPrtry></Tp>
<Amt Ccy="CNY">0</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2018-01-04</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp>
<Amt Ccy="CNY">0</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2018-01-05</Dt></Dt></Bal>"""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("old", "new", "place", "rule"),
    [
        ("10.00</Amt>", "10.005</Amt>", "/Ntry[1]/Amt", "at most two decimals"),
        ("10.00</Amt>", "+10.00</Amt>", "/Ntry[1]/Amt", "must be yuan in digits"),
        ("10.00</Amt>", "-10.00</Amt>", "/Ntry[1]/Amt", "breaks the schema (minInclusive)"),
        ("10.00</Amt>", f"{PERSON}</Amt>", "/Ntry[1]/Amt", "breaks the schema ("),
        ("10.00</Amt>", "10.01</Amt>", "/NbOfNtries", None),
        ("108.5<", "108.51<", "/Stmt", "OPBD and the entries do not come to CLBD"),
        ("<Cd>OPBD</Cd>", "<Cd>ITBD</Cd>", "/Stmt", "must have one OPBD or PRCD"),
        ("<Cd>OPBD</Cd>", "<Cd>CLBD</Cd>", "/Stmt", "and one CLBD"),
        ('<Amt Ccy="CNY">2.50', '<Amt Ccy="USD">2.50', "/Ntry[2]/Amt", "must be CNY"),
        ('<Amt Ccy="CNY">100', '<Amt Ccy="USD">100', "/Bal[1]/Amt", "must be CNY"),
        ("<NtryRef>E2", "<NtryRef>E1", "/Ntry[2]/NtryRef", "stands there twice"),
        ("Ref>B2", "Ref>B1", "/Ntry[2]/AcctSvcrRef", "stands there twice"),
        ("Ntries>3<", "Ntries>4<", "/NbOfNtries", "not what the entries come to"),
        ("13.50<", "13.51<", "/Sum", "not what the entries come to"),
        (">11.00<", ">11.01<", "/TtlCdtNtries/Sum", "not what the entries come to"),
        (">2.50</Sum>", ">2.51</Sum>", "/TtlDbtNtries/Sum", "not what the entries come to"),
        (">8.50<", ">8.49<", "/TtlNtries/", "not what the entries come to"),
        ("Txs>2<", "Txs>3<", "/Btch/NbOfTxs", "2 are listed"),
        ("BOOK</Sts>", "PDNG</Sts>", "/Ntry[1]/Sts", "must be BOOK"),
        ("<BookgDt><Dt>2018-01-05</Dt></BookgDt>", "", "/Ntry[2]", "must have its BookgDt"),
        ("2018-01-05", "2018-02-30", "", "breaks the schema"),
        ("Ind>true</Last", "Ind>false</Last", "/GrpHdr/MsgPgntn/LastPgInd", "not the last page"),
        ("<Id>S1</Id>", "<Id></Id>", "/Stmt/Id", "breaks the schema (minLength)"),
        ("<Id>S1</Id>", "", "/Stmt/", "the schema expects Id"),
        ("<NtryRef>", "<Nm/><NtryRef>", "/Ntry[1]/Nm", "the schema expects NtryRef"),
        ("</Stmt>", SECOND_STATEMENT.format(BALANCES), "/Stmt[2]/Id", "this Id stands there twice"),
    ],
)
def test_what_is_wrong_is_refused_whole(
    version: str, old: str, new: str, place: str, rule: str | None
) -> None:
    if old == "BOOK</Sts>" and version == "08":
        old, new = "<Sts><Cd>BOOK", "<Sts><Cd>PDNG"
    if rule is None:  # Its totals are looked at first.
        place, rule = "/Sum", "not what the entries come to"
    told = refusal(changed(CAMT053[version], old, new))
    assert place in told
    assert rule in told


def test_a_statement_that_goes_on_elsewhere_is_refused() -> None:
    told = refusal(
        changed(
            CAMT053["08"],
            "<LastPgInd>true</LastPgInd></StmtPgntn>",
            "<LastPgInd>false</LastPgInd></StmtPgntn>",
        )
    )
    assert "/Stmt/StmtPgntn/LastPgInd: is not the last page" in told


def test_two_statements_in_one_message_are_read() -> None:
    other = SECOND_STATEMENT.format(BALANCES).replace("<Id>S1", "<Id>S2")
    read = read_camt053(changed(CAMT053["02"], "</Stmt>", other))
    assert [each.id for each in read] == ["S1", "S2"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_that_is_cut_off_anywhere_is_refused(version: str) -> None:
    whole = CAMT053[version].strip().encode()
    read_camt053(whole)
    for end in range(0, len(whole), 7):
        refusal(whole[:end])


@pytest.mark.parametrize("version", ["01", "03", "13"])
def test_another_version_is_refused(version: str) -> None:
    told = refusal(CAMT053["08"].replace(".001.08", f".001.{version}").encode())
    assert told == f"line 1: is version {version} of camt.053.001: 02 and 08 are read"


def test_another_message_is_refused() -> None:
    told = refusal(CAMT053["08"].replace("camt.053", "camt.054").encode())
    assert told == "line 1: is no camt.053 document"
    assert refusal(b"<Document/>") == "line 1: is no camt.053 document"


@pytest.mark.parametrize("encoding", ["utf-16", "gbk"])
def test_another_encoding_is_refused(encoding: str) -> None:
    assert "is not utf-8" in refusal(CAMT053["08"].encode(encoding))


def test_what_says_that_it_is_in_another_encoding_is_refused() -> None:
    told = refusal(changed(CAMT053["08"], 'encoding="UTF-8"', 'encoding="GBK"'))
    assert told == "line 1: must be in UTF-8, and say so"


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ],
)
def test_nothing_that_an_entity_can_do_is_done(doctype: str) -> None:
    hostile = CAMT053["08"].replace("?>\n", f"?>\n{doctype}\n", 1).replace("S1", "&x;", 1)
    assert refusal(hostile.encode()) == "line 2: must not hold a DOCTYPE"
