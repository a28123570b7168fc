"""`BatchFamilyBank`: the custodian port, spoken in the "batch" protocol."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from adapters.custody.batch_family import answers, notices
from adapters.custody.batch_family.accounts import Accounts
from adapters.custody.batch_family.channel import FILE, ONLINE, Call, Channel, Link
from adapters.custody.batch_family.execution import Execution
from adapters.custody.batch_family.requests import (
    Choices,
    NotCarried,
    NotNeeded,
    encode,
    encode_query,
    encode_release,
)
from adapters.custody.batch_family.statement import DayFiles, read_statement
from adapters.custody.wire import BAD_SIGNATURE, NoAnswer, Signer, bank_day
from domain.bank_requests import (
    BankRequest,
    ChangeProject,
    EndOffer,
    Execute,
    ExecuteBatch,
    OfferShare,
    ProjectStage,
    Release,
    Withdraw,
)
from domain.bank_statement import BankBalance, BankStatement, StatementNotReady, StatementUnreadable
from domain.ports import BankAnswer, BankNotice, BankOutcome, CustodianUntrusted
from infra.clock import Clock

_NOT_NEEDED = BankAnswer(BankOutcome.SUCCEEDED, "not_needed")


class BatchFamilyBank:
    """Implements `domain.ports.Custodian`. Safe to call from several threads; `close` when done."""

    def __init__(self, link: Link, signer: Signer, clock: Clock, choices: Choices) -> None:
        self._inst_code = link.inst_code
        self._signer = signer
        self._clock = clock
        self._choices = choices
        self._channel = Channel(link, signer, clock)
        self._accounts = Accounts(
            self._channel,
            reserve=choices.reserve_account,
            marketing=choices.marketing_account,
            income=choices.income_account,
        )
        self._execution = Execution(self._channel, self._accounts, choices)

    def send(self, request: BankRequest) -> BankAnswer:
        try:
            return self._send(request)
        except NotCarried as reason:
            return BankAnswer(BankOutcome.REFUSED, "not_carried", str(reason))
        except NotNeeded:
            return _NOT_NEEDED
        except NoAnswer as reason:
            return answers.unknown(reason)

    def query(self, request: BankRequest) -> BankAnswer:
        try:
            return self._query(request)
        except NotCarried as reason:
            return BankAnswer(BankOutcome.UNKNOWN, "not_carried", str(reason))
        except NoAnswer as reason:
            return answers.unknown(reason)

    def read_notice(self, form: Mapping[str, str]) -> BankNotice:
        return notices.read_notice(self._signer, self._inst_code, form)

    def statement(self, bank_date: date) -> BankStatement:
        files = DayFiles(*(self._download(kind, bank_date) for kind in ("ALEVE", "EVE", "BALANCE")))
        return read_statement(files, bank_date, self._accounts.fixed)

    def confirm_statement(self, request_no: str, bank_date: date) -> BankAnswer:
        """The protocol has no confirmation: a day that is published is as good as confirmed."""
        try:
            self._download("BALANCE", bank_date)
        except StatementNotReady:
            return BankAnswer(BankOutcome.REFUSED, "not_published")
        except (CustodianUntrusted, StatementUnreadable, ConnectionError) as reason:
            return BankAnswer(BankOutcome.UNKNOWN, "no_answer", str(reason))
        return BankAnswer(BankOutcome.SUCCEEDED, "not_needed")

    def balances(self, accounts: Sequence[str]) -> Mapping[str, BankBalance]:
        """Raises ConnectionError where the bank does not answer, CustodianUntrusted."""
        found = {}
        for account in accounts:
            try:
                number = self._accounts.find(account)
                if number is not None:
                    told = self._channel.exchange(
                        Call(ONLINE, "balanceQuery", {"accountId": number})
                    )
                    found[account] = answers.balance(told)
            except NoAnswer as reason:
                raise _failure(reason) from None
        return found

    def close(self) -> None:
        self._channel.close()

    def _send(self, request: BankRequest) -> BankAnswer:
        match request:
            case Execute():
                return self._execution.send(request)
            case ExecuteBatch():
                return self._send_all(request)
            case Release():
                call = self._encode_release(request)
            case _:
                call = encode(request, self._accounts, self._choices, self._clock.now())
        if isinstance(request, Withdraw) and not self._is_card_bound(request):
            return self._refuse_card(request)
        return answers.verdict(self._channel.exchange(call), request.request_no)

    def _query(self, request: BankRequest) -> BankAnswer:
        match request:
            case Execute():
                return self._execution.query(request)
            case ExecuteBatch():
                raise NotCarried("many trades are asked after one by one")
            case OfferShare() | EndOffer():
                return _NOT_NEEDED
            case ChangeProject() if request.stage is not ProjectStage.MISCARRIED:
                return _NOT_NEEDED
            case _:
                told = self._channel.exchange(encode_query(request.request_no))
                return answers.queried(told, request)

    def _download(self, kind: str, bank_date: date) -> bytes:
        asked = {"fileType": kind, "fileDate": bank_day(bank_date)}
        try:
            told = self._channel.exchange(Call(FILE, "fileDownload", asked))
            answers.require_success(told)
        except NoAnswer as reason:
            raise _failure(reason) from None
        if told.get("state") == "N":
            raise StatementNotReady(bank_day(bank_date))
        if not told.get("fileName", "").endswith(f"-{bank_day(bank_date)}"):
            raise StatementUnreadable(f"{kind}: the file is not of {bank_date}")
        try:
            return base64.b64decode(told.get("content", ""), validate=True)
        except binascii.Error:
            raise StatementUnreadable(f"{kind}: content is not base64") from None

    def _send_all(self, request: ExecuteBatch) -> BankAnswer:
        """Each trade is a request of its own here: its end is learnt by its own number."""
        for number, trade in enumerate(request.trades):
            answer = self.send(trade)
            if answer.outcome is BankOutcome.CLOSED and number:
                return replace(answer, outcome=BankOutcome.UNKNOWN)  # Some are there already.
            if answer.outcome in (BankOutcome.UNKNOWN, BankOutcome.CLOSED):
                return answer
        return BankAnswer(BankOutcome.PENDING)

    def _encode_release(self, request: Release) -> Call:
        """Which order undoes a freeze depends on the one that made it."""
        freeze = self._channel.exchange(encode_query(request.freeze_request_no))
        answers.require_success(freeze)
        account_id, freeze_code = freeze.get("accountId"), freeze.get("reqTxCode")
        if not account_id or not freeze_code:
            raise NoAnswer("freeze_unknown", "the bank does not know the freeze")
        return encode_release(request, account_id, freeze_code)

    def _is_card_bound(self, request: Withdraw) -> bool:
        number = self._accounts.number(request.account)
        told = self._channel.exchange(Call(ONLINE, "cardBindDetailsQuery", {"accountId": number}))
        answers.require_success(told)
        return told.get("cardNo") == request.card_no

    def _refuse_card(self, request: Withdraw) -> BankAnswer:
        """Refuse ourselves, unless the bank knows the request from an earlier sending."""
        known = self.query(request)
        if known.outcome is not BankOutcome.NOT_FOUND:
            return known
        message = "the card bound at the bank is not the one of this withdrawal"
        return BankAnswer(BankOutcome.REFUSED, "card_not_bound", message)


def _failure(reason: NoAnswer) -> Exception:
    if reason.code == BAD_SIGNATURE:
        return CustodianUntrusted("the answer's signature is missing or wrong")
    return ConnectionError(str(reason))
