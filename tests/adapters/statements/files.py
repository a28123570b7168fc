"""A good statement in each format, with values in it that no error may tell."""

from __future__ import annotations

from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "samples" / "camt053"
CARD = "6222020200112345678"
PERSON = "张三丰"
SECRETS = (CARD, PERSON, "张三", "6222")

_STATUS = {"02": "<Sts>BOOK</Sts>", "08": "<Sts><Cd>BOOK</Cd></Sts>"}
_PAGE = {
    "02": "",
    "08": "<StmtPgntn><PgNb>1</PgNb><LastPgInd>true</LastPgInd></StmtPgntn>\n",
}
_NET = {
    "02": "<TtlNetNtryAmt>8.50</TtlNetNtryAmt><CdtDbtInd>CRDT</CdtDbtInd>",
    "08": "<TtlNetNtry><Amt>8.50</Amt><CdtDbtInd>CRDT</CdtDbtInd></TtlNetNtry>",
}
_CAMT053 = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">
<BkToCstmrStmt>
<GrpHdr><MsgId>M1</MsgId><CreDtTm>2018-01-06T00:00:00+08:00</CreDtTm>
<MsgPgntn><PgNb>1</PgNb><LastPgInd>true</LastPgInd></MsgPgntn></GrpHdr>
<Stmt>
<Id>S1</Id>
{page}<CreDtTm>2018-01-06T00:00:00+08:00</CreDtTm>
<Acct><Id><Othr><Id>{card}</Id></Othr></Id><Ccy>CNY</Ccy><Ownr><Nm>{person}</Nm></Ownr></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp>
<Amt Ccy="CNY">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2018-01-04</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp>
<Amt Ccy="CNY">108.5</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2018-01-05</Dt></Dt></Bal>
<TxsSummry>
<TtlNtries><NbOfNtries>3</NbOfNtries><Sum>13.50</Sum>{net}</TtlNtries>
<TtlCdtNtries><NbOfNtries>2</NbOfNtries><Sum>11.00</Sum></TtlCdtNtries>
<TtlDbtNtries><NbOfNtries>1</NbOfNtries><Sum>2.50</Sum></TtlDbtNtries>
</TxsSummry>
<Ntry>
<NtryRef>E1</NtryRef>
<Amt Ccy="CNY">10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>{status}
<BookgDt><DtTm>2018-01-04T23:30:00Z</DtTm></BookgDt><ValDt><Dt>2018-01-06</Dt></ValDt>
<AcctSvcrRef>B1</AcctSvcrRef>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>BOOK</SubFmlyCd></Fmly></Domn></BkTxCd>
<NtryDtls><TxDtls><Refs><EndToEndId>mv-1</EndToEndId></Refs>
<RltdPties><DbtrAcct><Id><Othr><Id>{card}</Id></Othr></Id></DbtrAcct></RltdPties>
<RmtInf><Ustrd>{person}</Ustrd></RmtInf></TxDtls></NtryDtls>
</Ntry>
<Ntry>
<NtryRef>E2</NtryRef>
<Amt Ccy="CNY">2.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd>{status}
<BookgDt><Dt>2018-01-05</Dt></BookgDt>
<AcctSvcrRef>B2</AcctSvcrRef>
<BkTxCd><Prtry><Cd>REPAYMENT</Cd></Prtry></BkTxCd>
<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>
<TxDtls><Refs><EndToEndId>mv-2</EndToEndId></Refs></TxDtls>
<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs></TxDtls></NtryDtls>
<AddtlNtryInf>taken back</AddtlNtryInf>
</Ntry>
<Ntry>
<Amt Ccy="CNY">1</Amt><CdtDbtInd>CRDT</CdtDbtInd>{status}
<BookgDt><Dt>2018-01-05</Dt></BookgDt>
<BkTxCd/>
</Ntry>
</Stmt>
</BkToCstmrStmt>
</Document>
"""
CAMT053 = {
    version: _CAMT053.format(
        version=version,
        card=CARD,
        person=PERSON,
        page=_PAGE[version],
        status=_STATUS[version],
        net=_NET[version],
    )
    for version in ("02", "08")
}

MT940 = f""":20:REF20180105
:25:{CARD}
:28C:5/1
:60F:C180104CNY100,00
:61:1801060105C10,00NTRFmv-1//B1
:86:{PERSON}
second line
:61:180105RC2,5NMSCNONREF
supplement
:62M:C180105CNY107,50
-
:20:REF20180105
:25:{CARD}
:28C:5/2
:60M:C180105CNY107,50
:61:180105RD1,F123mv-3
:62F:C180105CNY108,50
:64:C180105CNY100,00
:65:C180106CNY101,
:86:of the whole
-
"""


def changed(good: str, old: str, new: str) -> bytes:
    """The file with one thing in it changed."""
    if old not in good:
        raise LookupError(f"{old!r} is not in the file")
    return good.replace(old, new, 1).encode()
