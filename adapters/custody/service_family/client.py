"""`ServiceFamilyBank`: the custodian port, spoken in the "service" protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from adapters.custody.service_family import answers, notices, words
from adapters.custody.service_family.calls import DOWNLOAD, SERVICE, Call, Choices, NotCarried
from adapters.custody.service_family.channel import Channel, Link
from adapters.custody.service_family.checkfile import LAYOUTS
from adapters.custody.service_family.envelope import read_object
from adapters.custody.service_family.errors import ErrorCode
from adapters.custody.service_family.queries import (
    encode_project_query,
    encode_query,
    encode_user_query,
    encode_withdrawal_query,
)
from adapters.custody.service_family.requests import encode, encode_stop
from adapters.custody.service_family.statement import read_statement
from adapters.custody.wire import BAD_SIGNATURE, NoAnswer, Signer, bank_day
from domain.bank_requests import BankRequest, ChangeProject, StopWithdrawal, Withdraw
from domain.bank_statement import BankBalance, BankStatement, StatementNotReady, StatementUnreadable
from domain.ports import BankAnswer, BankNotice, BankOutcome, CustodianUntrusted
from infra.clock import Clock


class ServiceFamilyBank:
    """Implements `domain.ports.Custodian`. Safe to call from several threads; `close` when done."""

    def __init__(
        self, link: Link, signer: Signer, clock: Clock, choices: Choices | None = None
    ) -> None:
        self._platform_no = link.platform_no
        self._signer = signer
        self._clock = clock
        self._choices = choices or Choices()
        self._channel = Channel(link, signer, clock)

    def send(self, request: BankRequest) -> BankAnswer:
        try:
            call = self._encode(request)
            if isinstance(request, Withdraw) and not self._is_card_bound(request):
                return self._refuse_card(request)
            stated_no = call.fields.get("batchNo", request.request_no)
            answer = answers.verdict(self._ask(call), stated_no)
            return self._second_look(request, answer)
        except NotCarried as reason:
            return BankAnswer(BankOutcome.REFUSED, "not_carried", str(reason))
        except NoAnswer as reason:
            return answers.unknown(reason)

    def query(self, request: BankRequest) -> BankAnswer:
        try:
            return answers.queried(self._ask(encode_query(request)), request)
        except NotCarried as reason:
            return BankAnswer(BankOutcome.UNKNOWN, "not_carried", str(reason))
        except NoAnswer as reason:
            return answers.unknown(reason)

    def read_notice(self, form: Mapping[str, str]) -> BankNotice:
        return notices.read_notice(self._signer, self._platform_no, form)

    def statement(self, bank_date: date) -> BankStatement:
        return read_statement(self._download(bank_date), bank_date, self._platform_no)

    def confirm_statement(self, request_no: str, bank_date: date) -> BankAnswer:
        fields = {
            "requestNo": request_no,
            "fileDate": bank_day(bank_date),
            "detail": [{"fileType": kind} for kind in LAYOUTS],
        }
        try:
            answer = answers.verdict(
                self._ask(Call(SERVICE, "CONFIRM_CHECKFILE", fields)), request_no
            )
        except NoAnswer as reason:
            return answers.unknown(reason)
        if answer.code == ErrorCode.REFUSED and self._is_published(bank_date):
            return BankAnswer(BankOutcome.SUCCEEDED, answer.code, answer.message)
        return answer

    def balances(self, accounts: Sequence[str]) -> Mapping[str, BankBalance]:
        """Raises ConnectionError where the bank does not answer, CustodianUntrusted."""
        found = {}
        for account in accounts:
            try:
                user = answers.user(self._ask(encode_user_query(account)))
            except NoAnswer as reason:
                raise _failure(reason) from None
            if user is not None:
                found[account] = user.balance
        return found

    def close(self) -> None:
        self._channel.close()

    def _encode(self, request: BankRequest) -> Call:
        if isinstance(request, StopWithdrawal):
            told = self._ask(encode_withdrawal_query(request.withdrawal_request_no))
            return encode_stop(request, answers.state(told, request.withdrawal_request_no))
        return encode(request, self._choices, self._clock.now())

    def _ask(self, call: Call) -> answers.Fields:
        """Raises NoAnswer (`clock_skew`) where the bank has perhaps refused no more than our
        timestamp: it says no other word for that than for every refusal."""
        heard = self._channel.exchange(call)
        fields = read_object(heard.content)
        if heard.skewed and answers.error_code(fields) == ErrorCode.REFUSED:
            raise NoAnswer("clock_skew", "our clock and the bank's are too far apart")
        return fields

    def _is_card_bound(self, request: Withdraw) -> bool:
        user = answers.user(self._ask(encode_user_query(request.account)))
        return user is not None and user.card_no == request.card_no

    def _refuse_card(self, request: Withdraw) -> BankAnswer:
        """Refuse ourselves, unless the bank knows the request from an earlier sending."""
        known = self.query(request)
        if known.outcome is not BankOutcome.NOT_FOUND:
            return known
        message = "the card bound at the bank is not the one of this withdrawal"
        return BankAnswer(BankOutcome.REFUSED, "card_not_bound", message)

    def _second_look(self, request: BankRequest, answer: BankAnswer) -> BankAnswer:
        """A stage that a project has already cannot be given to it: it is as it was to be."""
        if answer.code != ErrorCode.PROJECT_STATE or not isinstance(request, ChangeProject):
            return answer
        told = self._ask(encode_project_query(request.project_no))
        if answers.project_status(told) == words.STAGES[request.stage]:
            return BankAnswer(BankOutcome.SUCCEEDED, answer.code, answer.message)
        return answer

    def _is_published(self, bank_date: date) -> bool:
        try:
            self._download(bank_date)
        except (StatementNotReady, StatementUnreadable, CustodianUntrusted, ConnectionError):
            return False
        return True

    def _download(self, bank_date: date) -> bytes:
        """The day's zip. A JSON body instead of one is the bank's refusal."""
        call = Call(DOWNLOAD, "DOWNLOAD_CHECKFILE", {"fileDate": bank_day(bank_date)})
        try:
            content = self._channel.exchange(call).content
            if not content.startswith(b"{"):
                return content
            refusal = read_object(content)
        except NoAnswer as reason:
            raise _failure(reason) from None
        if answers.error_code(refusal) == ErrorCode.NOT_FOUND:
            raise StatementNotReady(bank_day(bank_date))
        raise ConnectionError(f"the bank answered {answers.error_code(refusal)}")


def _failure(reason: NoAnswer) -> Exception:
    if reason.code == BAD_SIGNATURE:
        return CustodianUntrusted("the answer's signature is missing or wrong")
    return ConnectionError(str(reason))
