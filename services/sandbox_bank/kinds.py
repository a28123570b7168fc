"""What can go wrong at the bank, and one thing that does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.sandbox_bank.errors import Code, Refused


class Kind(StrEnum):
    # An instruction.
    REFUSE = "refuse"  # The bank says no, with errorCode.
    FAIL = "fail"  # Accepted at the gateway, then ends FAIL.
    # Any call.
    SLOW = "slow"  # It is done, and the answer takes its time.
    TIMEOUT_BEFORE = "timeout_before"  # Nothing is done, and no answer.
    TIMEOUT_AFTER = "timeout_after"  # It is done, and no answer.
    ARRIVES_LATE = "arrives_late"  # No answer, and it is done a while later.
    HTTP_500 = "http_500"  # Nothing is done, and a bare 500.
    BAD_SIGNATURE = "bad_signature"  # It is done, and the answer's signature is wrong.
    NO_SIGNATURE = "no_signature"  # It is done, and the answer has no signature.
    CUT = "cut"  # It is done, and the connection breaks within the answer.
    # A question after a request.
    NOT_FOUND = "not_found"  # The bank says that it does not know it, though it does.
    # A batch's line.
    PARTIAL = "partial"  # It is refused, and the batch succeeds in part.
    # A notice.
    NOTICE_MISSING = "notice_missing"  # It is never sent.
    NOTICE_LATE = "notice_late"
    NOTICE_TWICE = "notice_twice"
    NOTICE_REORDERED = "notice_reordered"  # Those that come after it go first.
    NOTICE_BAD_SIGNATURE = "notice_bad_signature"  # The first time that it is sent.
    CONTRADICTION = "contradiction"  # Once it is taken, another follows that says the opposite.
    # A withdrawal.
    BACKROLL = "backroll"  # It is paid, and comes back after some days.
    # A line of the day's files.
    LINE_MISSING = "line_missing"
    LINE_DOUBLED = "line_doubled"  # There twice, under two order numbers.
    LINE_CHANGED = "line_changed"  # One fen more.
    LINE_FOREIGN = "line_foreign"  # One that nobody here knows.
    # The day's files.
    STATEMENT_LATE = "statement_late"  # The first time it is asked for it is not there yet.
    STATEMENT_TWICE = "statement_twice"  # The first time it is the day before's once more.


CALLS = frozenset(
    {
        *(Kind.SLOW, Kind.TIMEOUT_BEFORE, Kind.TIMEOUT_AFTER, Kind.ARRIVES_LATE),
        *(Kind.HTTP_500, Kind.BAD_SIGNATURE, Kind.NO_SIGNATURE, Kind.CUT),
    }
)
ORDERS = CALLS | {Kind.REFUSE, Kind.FAIL}
QUESTIONS = CALLS | {Kind.REFUSE, Kind.NOT_FOUND}
LINES = frozenset({Kind.LINE_MISSING, Kind.LINE_DOUBLED, Kind.LINE_CHANGED})


@dataclass(slots=True)
class Fault:
    """`delay_s`: how long what is slow or late takes. `hang_s`: when a caller who has no answer is
    cut off, should he not give up before. `days`: after how many of them money comes back.
    `subject`: what it has struck."""

    kind: Kind
    service: str | None
    request_no: str | None
    times: int
    error_code: Code = Code.REFUSED
    delay_s: float = 1.0
    hang_s: float = 120.0
    days: int = 1
    subject: str = ""

    def refusal(self) -> Refused:
        return Refused(self.error_code, "脚本故障")

    def fits(self, service: str, request_no: str) -> bool:
        if self.request_no is not None and self.request_no != request_no:
            return False
        return self.service is None or self.service == service
