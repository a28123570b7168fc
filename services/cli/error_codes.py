"""What error codes mean that have no list of their own. A test holds them against the code."""

from __future__ import annotations

COMMAND_LINE = {
    # Bad input and usage: exit 2.
    "usage": "The command line itself is wrong: an unknown option, a missing argument.",
    "bad_input": "An option or a file breaks the rule that is named.",
    "bad_command": "A line of the file is not a command that may be published. Nothing was sent.",
    "unreadable_file": "The file cannot be read.",
    "statement_unreadable": "A bank's statement is cut off, mis-encoded, doubled or invalid.",
    "no_output": "Standard output is closed: the answer has nowhere to go.",
    "no_file": "The file for the answer cannot be written, or the tape is not there.",
    "bad_settings": "An environment variable breaks its rule.",
    "no_installation": "The data folder holds no zhuanhu.",
    "platform_not_here": "The data folder belongs to another platform.",
    "not_found": "There is no such thing, as far as the view has come.",
    "position_unknown": "The position is beyond what the view has seen.",
    "not_on_record": "The log has no such position, or the date is no (closed) business day.",
    "view_unknown": "There is no view of that name.",
    "not_prepared": "The tables are not there yet.",
    "port_taken": "The port cannot be listened on.",
    "key_unusable": "A key is missing, unreadable, of the wrong kind or too short.",
    "schema_refused": "The database was made by another version of zhuanhu.",
    "clock_is_real": "The time of this installation is the machine's and cannot be moved.",
    "bank_is_real": "The bank is no stand-in: its clock and its sums are its own.",
    "bank_not_started": "The stand-in bank did not come up.",
    "bank_control": "The stand-in bank refused one of its controls.",
    # What stands in the way: exit 1, or 2 where the input can help.
    "aborted": "Stopped by hand.",
    "failed": "A bug: the running zhuanhu stopped. Nothing of it was recorded by halves.",
    "stack_stopped": "The running zhuanhu ended before it had answered.",
    "bank_silent": "The bank has not answered everything in time.",
    "no_receipt": "No writer answered in time; the commands wait for the next one.",
    "kafka_failed": "Kafka, or a topic of the platform, cannot be reached or refused a message.",
    "writer_replaced": "Another writer took over this platform.",
    "custody_busy": "Another process already sends to the bank for this platform.",
    "log_behind": "Custody has planned events that the log does not have.",
    "catch_up_first": "The database came from a backup: zhuanhu catch-up asks the bank first.",
    "not_held": "Sending is not held, so that there is nothing to catch up from.",
    "log_gap": "A position is missing in the log.",
    "topic_behind": "The topic of events does not have yet what a view or its rebuild needs.",
    "view_outdated": "A view was built by another version.",
    "view_failed": "A view could not take an event.",
    "rebuild_running": "Another rebuild or comparison is running.",
    "day_end_failed": "The writer refused what the day end must do.",
    "command_parked": "The writer could not read a command: it is of another version.",
    "records_lost": "A topic no longer holds the message that comes next.",
    "topic_replaced": "The topic of commands was deleted and made anew since commands were taken.",
    "relay_stopped": "Kafka refuses a message, or log or topic lack one. Publishing stopped there.",
    "topic_not_empty": "A topic of the platform holds another history.",
    "kafka_silent": "A message that was published did not come back from Kafka.",
    "topic_missing": "A topic of the platform does not exist.",
    "topic_refused": "Kafka does not make a topic as the settings want it.",
    "database_failed": "PostgreSQL did not do what it was asked.",
    "demo_refused": "The writer refused a command of the demo that it should accept.",
    "demo_not_clean": "The demo's proof or its reconciliation found something.",
}

CALCULATORS = {
    "duplicate_claim": "A claim stands twice in the plan.",
    "duplicate_investor": "An investor stands twice in one claim.",
    "investors_do_not_add_up": "A claim's investors do not add up to its amount.",
}

CUSTODY = {
    "interrupted": "A call was under way when custody stopped: the bank is asked what came of it.",
    "card_not_bound": "The bank account was unbound before the withdrawal was sent: it was not.",
    "project_not_established": "The bank does not know the loan: what needs it waits.",
    "project_not_changed": "The bank refused to change the stage of a loan.",
    "held": "The bank holds the money of a withdrawal until we confirm or stop it.",
    "withdrawal_not_confirmed": "The bank refused our confirmation of a withdrawal that it holds.",
    "lost_at_bank": "The bank had the request in hand, and now does not know it.",
    "not_found_on_a_later_day": "The bank does not know a request of an earlier day: never resent.",
    "personal_data_erased": "What the bank must be told was erased: the request cannot be sent.",
    "contradicted": "The bank says the opposite of what it finally said before.",
    "notice_of_unknown_request": "A callback names a request that is not ours.",
    "return_of_no_withdrawal": "A returned withdrawal names none of that account's.",
    "return_unreadable": "A returned withdrawal cannot be recorded as the bank gives it.",
    "writer_refused": "The writer refused what custody reported, with the code that follows.",
}

VERDICTS = {
    "incomplete": "The bank's files, or our views, could not be read: nothing was taken in.",
    "breaks": "At least one difference stands.",
    "reconciled_with_pending": "All agrees, but for instructions that are out, or for timing.",
    "reconciled": "All agrees.",
}
