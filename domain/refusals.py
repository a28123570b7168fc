"""Every reason for which a command is refused: a closed list of stable codes.

Checked in the order in which they stand within a group. docs/errors.md is generated from here.
"""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Each member: the code, and what it means in one sentence."""

    meaning: str

    def __new__(cls, code: str, meaning: str) -> Code:
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    # Any command.
    COMMAND_ID_REUSED = "command_id_reused", "The id was used before with another payload."
    PLATFORM_UNKNOWN = "platform_unknown", "The platform is not open, or not the one served here."
    PLATFORM_ALREADY_OPEN = "platform_already_open", "The platform was opened before."
    EFFECTIVE_DATE_IN_FUTURE = (
        "effective_date_in_future",
        "effective_on is after the platform's business date.",
    )
    EFFECTIVE_DATE_NEEDS_REASON = (
        "effective_date_needs_reason",
        "effective_on is before the business date and no reason was given.",
    )
    ID_TAKEN = "id_taken", "A thing of that id exists already."
    LAW_TABLE_UNKNOWN = "law_table_unknown", "No law table of that name exists."
    # Two people.
    OPERATORS_APPOINTED = "operators_appointed", "The first operators were appointed before."
    OPERATOR_UNKNOWN = (
        "operator_unknown",
        "No operator of that id was registered on the day from which the command counts.",
    )
    OPERATOR_RETIRED = "operator_retired", "The operator was retired."
    SECOND_PERSON_REQUIRED = (
        "second_person_required",
        "It takes a maker and a checker, who have two different keys.",
    )
    CHECKER_NOT_OPERATOR = (
        "checker_not_operator",
        "A publisher may make a command; only an operator may check one.",
    )
    SIGNATURE_WRONG = (
        "signature_wrong",
        "The signature is not that operator's, for that part, over exactly this command.",
    )
    KEY_TAKEN = "key_taken", "The key is, or was, registered: a key is registered once."
    OPERATORS_TOO_FEW = "operators_too_few", "Fewer than two would be left who may check."
    # Policy.
    POLICY_VERSION_TAKEN = "policy_version_taken", "That policy version was published before."
    POLICY_IN_PAST = (
        "policy_in_past",
        "A policy may not start or end before the business date.",
    )
    POLICY_OVERLAPS = "policy_overlaps", "A policy that starts on or after that date exists."
    POLICY_MISSING = "policy_missing", "No policy is in force on that day."
    POLICY_LEAVES_GAP = (
        "policy_leaves_gap",
        "Between the version before and this one there would be days without a policy.",
    )
    POLICY_UNLAWFUL = (
        "policy_unlawful",
        "The law table forbids the policy on its first day, or on a day until the loan's deadline.",
    )
    PRODUCT_UNKNOWN = (
        "product_unknown",
        "The policy, or one before the loan's deadline, has no terms for the loan's product.",
    )
    CONTRIBUTION_ABOVE_FEE = (
        "contribution_above_fee",
        "The reserve would get more than the service fee that its contribution comes out of.",
    )
    POLICY_LIMIT_EXCEEDED = (
        "policy_limit_exceeded",
        "The loan, or what its borrower would owe, is above what the policy in force allows.",
    )
    # Dates.
    CALENDAR_UNKNOWN = (
        "calendar_unknown",
        "The working days that are needed are not announced in the calendar in use.",
    )
    # Members.
    IDENTITY_TAKEN = "identity_taken", "Another member has that id number: one person, one member."
    MEMBER_UNKNOWN = "member_unknown", "No member of that id is registered."
    ROLE_MISSING = "role_missing", "The member does not have that role."
    ACCOUNT_NOT_OPEN = "account_not_open", "The bank has not opened that account."
    BINDING_EXISTS = "binding_exists", "A bank account is bound already: unbind it first."
    BANK_ACCOUNT_NOT_OWN = "bank_account_not_own", "That bank account is not the member's."
    BANK_ACCOUNT_NOT_BOUND = "bank_account_not_bound", "That bank account is not bound."
    BANK_ACCOUNT_COOLING_OFF = (
        "bank_account_cooling_off",
        "The bank account was changed lately: nothing is paid out to it before its cool-off ends.",
    )
    BANK_ACCOUNT_SUSPENDED = (
        "bank_account_suspended",
        "A payment to the bank account failed: it is to be confirmed, or another one bound.",
    )
    SECOND_FACTOR_REQUIRED = (
        "second_factor_required",
        "The platform must have made sure of the member by a second factor.",
    )
    SECOND_FACTOR_USED = "second_factor_used", "That second factor was used before."
    SECOND_FACTOR_EXPIRED = (
        "second_factor_expired",
        "The second factor was passed too long ago, or is yet to come.",
    )
    # Authorisations.
    AUTHORISATION_ROLE = (
        "authorisation_role",
        "An authorisation of that kind is not of that role's account, or not said of which.",
    )
    AUTHORISATION_UNDER_WAY = (
        "authorisation_under_way",
        "The bank has not answered yet what was asked about an authorisation of that kind.",
    )
    AUTHORISATION_NOT_OPEN = (
        "authorisation_not_open",
        "No request about an authorisation of that number waits for the bank.",
    )
    AUTHORISATION_MISSING = (
        "authorisation_missing",
        "The member has not authorised it at the bank, or not any more.",
    )
    AUTHORISATION_ENDED = "authorisation_ended", "The end date is past."
    AUTHORISATION_EXCEEDED = (
        "authorisation_exceeded",
        "The amount is above what the member has authorised for one use.",
    )
    # At the bank's page.
    VISIT_NOT_OPEN = "visit_not_open", "No visit of that number waits for the bank's word."
    # Money.
    INSUFFICIENT_BALANCE = "insufficient_balance", "The account's available balance is too small."
    WITHDRAWAL_ABOVE_SINGLE = (
        "withdrawal_above_single",
        "The withdrawal is above the platform's limit for one.",
    )
    WITHDRAWAL_ABOVE_DAILY = (
        "withdrawal_above_daily",
        "The account's withdrawals of the day would be above the platform's limit.",
    )
    ENTRY_UNKNOWN = "entry_unknown", "No entry of that id is in the cash book."
    ENTRY_CLOSED = "entry_closed", "The entry was settled or rejected before."
    NOT_A_RELEASE = (
        "not_a_release",
        "The entry is no release that may be asked for again.",
    )
    RELEASE_NOT_REFUSED = (
        "release_not_refused",
        "The bank has not finally refused the release.",
    )
    RELEASE_ASKED_AGAIN = (
        "release_asked_again",
        "The release was asked for again already, under the next id.",
    )
    RELEASE_ASKED_TOO_OFTEN = (
        "release_asked_too_often",
        "The bank refused the release 999 times.",
    )
    WITHDRAWAL_STOPPING = (
        "withdrawal_stopping",
        "The bank was asked to stop that withdrawal before.",
    )
    MOVEMENT_NOT_ALLOWED = (
        "movement_not_allowed",
        "The allow-matrix has no such purpose between these roles, or not without its other half.",
    )
    MOVEMENT_UNKNOWN = (
        "movement_unknown",
        "No movement of that id was asked for by us and carried out by the bank.",
    )
    MOVEMENT_NOT_REVERSIBLE = (
        "movement_not_reversible",
        "Only fees and surplus go back by a reversal; the bank takes back no freeze or release.",
    )
    REVERSAL_ABOVE_MOVEMENT = (
        "reversal_above_movement",
        "More would go back than the movement moved, with what went back before.",
    )
    BANK_DATE_IN_FUTURE = (
        "bank_date_in_future",
        "The bank's day is after the platform's business date.",
    )
    FREEZE_UNKNOWN = (
        "freeze_unknown",
        "No freeze of that id was ordered and carried out by the bank.",
    )
    RELEASE_ABOVE_FREEZE = (
        "release_above_freeze",
        "More would be given back than stands still, with what was given back before.",
    )
    SHORTFALL_UNKNOWN = "shortfall_unknown", "No open shortfall is called by that entry."
    SHORTFALL_BELOW = "shortfall_below", "The shortfall does not lack that much."
    # Loans.
    LOAN_UNKNOWN = "loan_unknown", "No loan of that id exists."
    LOAN_WRONG_STATE = "loan_wrong_state", "The loan's state does not allow it."
    LOAN_NOT_OPEN = "loan_not_open", "The loan does not take tenders now."
    DEADLINE_IN_PAST = "deadline_in_past", "The deadline is before the business date."
    DEADLINE_NOT_REACHED = "deadline_not_reached", "The loan's deadline has not passed."
    IDENTITY_NOT_VERIFIED = "identity_not_verified", "The bank has not verified the borrower."
    BUSINESS_NOT_LAWFUL = "business_not_lawful", "The company's lawful business was not checked."
    BLACKLISTED = "blacklisted", "The borrower is on the blacklist."
    LEGAL_LIMIT_EXCEEDED = (
        "legal_limit_exceeded",
        "The borrower would owe more than the law allows.",
    )
    RELATED_PARTY = "related_party", "The law table does not allow loans to related parties."
    TENDER_ABOVE_LEFT = "tender_above_left", "The tender is larger than what is left of the loan."
    TENDER_ABOVE_LIMIT = "tender_above_limit", "The tender is above the limit for one loan."
    TENDERS_TOO_MANY = "tenders_too_many", "The loan has as many tenders as one may have."
    LIMITS_CONTRADICT = (
        "limits_contradict",
        "The limit for one loan is above the one for one borrower.",
    )
    AUTO_TENDER_NOT_SET = "auto_tender_not_set", "The lender has set no rules for auto-tender."
    AUTO_TENDER_NOBODY = (
        "auto_tender_nobody",
        "No lender's rules, money and limits allow a part of the loan.",
    )
    SELF_TENDER = "self_tender", "A borrower may not lend to himself."
    NOT_CONCLUDED = "not_concluded", "The loan's contract is not on record."
    AMOUNT_BELOW_PAYOFF = "amount_below_payoff", "The amount does not pay the loan off."
    EARLY_PART_FORBIDDEN = (
        "early_part_forbidden",
        "The loan's policy does not let a part of it be paid before it is due.",
    )
    EARLY_PART_TOO_SMALL = (
        "early_part_too_small",
        "To pay a part early it takes more than what is due and the running month.",
    )
    EFFECTIVE_DATE_BEFORE_LOAN = (
        "effective_date_before_loan",
        "effective_on is before the day on which the loan was paid out.",
    )
    NOTHING_DUE = "nothing_due", "Nothing is due on the loan."
    # Claims that change hands.
    CLAIM_UNKNOWN = "claim_unknown", "The loan has no such claim."
    CLAIM_NOT_OWN = "claim_not_own", "The claim is another investor's."
    CLAIM_OVERDUE = (
        "claim_overdue",
        "The loan is overdue, and its policy does not let such claims change hands.",
    )
    CLAIM_LINES_MOVING = (
        "claim_lines_moving",
        "A payment or a payout on the loan is on its way: the claim may be bought after it.",
    )
    CLAIMS_TOO_MANY = "claims_too_many", "The loan has as many claims as one may have."
    ASSIGNMENT_UNKNOWN = "assignment_unknown", "No assignment of that id exists."
    ASSIGNMENT_NOT_OPEN = (
        "assignment_not_open",
        "The offer is bought, over, or not on record at the bank yet.",
    )
    ASSIGNMENT_ABOVE_OPEN = (
        "assignment_above_open",
        "The claim does not have that much principal open, less what is on sale of it already.",
    )
    ASSIGNMENT_TO_SELF = "assignment_to_self", "A seller may not buy his own claim."
    ASSIGNMENT_ABOVE_LIMIT = (
        "assignment_above_limit",
        "The buyer would have more in the loan than the limit for one investor.",
    )
    ASSIGNMENT_ABOVE_AGREED = (
        "assignment_above_agreed",
        "Price and accrued interest are more than the buyer agreed to pay.",
    )
    # Guarantee.
    GUARANTOR_NOT_APPOINTED = (
        "guarantor_not_appointed",
        "The member was not appointed as a guarantor, with a limit.",
    )
    SELF_GUARANTEE = "self_guarantee", "A borrower may not guarantee his own loan."
    LOAN_GUARANTEED = "loan_guaranteed", "The member guarantees the loan already."
    LOAN_NOT_GUARANTEED = "loan_not_guaranteed", "The loan has no guarantor."
    GUARANTEE_ABOVE_LIMIT = (
        "guarantee_above_limit",
        "The guarantor would stand for more than the limit that was set for all its loans.",
    )
    GUARANTORS_TOO_MANY = (
        "guarantors_too_many",
        "The loan has as many guarantors as one loan may have.",
    )
    GUARANTEE_NOT_WHOLE = (
        "guarantee_not_whole",
        "The guarantors' shares must not be more than the whole, nor less when it is published.",
    )
    PROVIDER_UNNAMED = (
        "provider_unnamed",
        "By its policy, or one before its deadline, somebody must pay whom the loan does not name.",
    )
    GUARANTEE_LAW_REPEALED = (
        "guarantee_law_repealed",
        "Since 2021 co-guarantors owe each other nothing by law: they agreed to it, or did not.",
    )
    NOTHING_TO_REIMBURSE = (
        "nothing_to_reimburse",
        "Nobody has paid that instalment in the guarantor's place, or he has it back by now.",
    )
    INSTALMENT_NOT_OVERDUE = (
        "instalment_not_overdue",
        "No instalment of that number is overdue and open.",
    )
    OVERDUE_CONFIRMED = "overdue_confirmed", "The overdue instalment was confirmed before."
    NOT_GUARANTOR = (
        "not_guarantor",
        "The member does not guarantee that loan, or no overdue loan of the borrower.",
    )
    GUARANTOR_RELATED = (
        "guarantor_related",
        "A related party guarantees no loan where the law lets no affiliate promise anything.",
    )
    OBLIGATION_UNKNOWN = (
        "obligation_unknown",
        "The guarantor has no obligation on that instalment: nobody has confirmed it as overdue.",
    )
    ADVANCE_UNDER_WAY = (
        "advance_under_way",
        "An advance of that instalment is on its way to the bank.",
    )
    ADVANCE_MADE = "advance_made", "The guarantor has advanced that instalment before."
    NOTHING_TO_ADVANCE = (
        "nothing_to_advance",
        "Nothing that is guaranteed is open to the investors on that instalment: it was paid.",
    )
    LINES_MOVING = (
        "lines_moving",
        "Money for the loan is on its way: ask again when the bank has answered.",
    )
    # Reserve.
    SURPLUS_BELOW_CAP = "surplus_below_cap", "The reserve does not hold that much above its cap."
    # The business date.
    DATE_NOT_NEXT = "date_not_next", "The business date moves forward by one day at a time."
    # Wind-down.
    WINDING_DOWN = "winding_down", "The platform winds down: no new loans, tenders or assignments."
    NOT_WINDING_DOWN = "not_winding_down", "The platform has not begun to wind down."
    # Collections.
    CONDUCT_TABLE_UNKNOWN = "conduct_table_unknown", "No table of conduct of that name exists."
    COLLECTION_RULES_IN_PAST = (
        "collection_rules_in_past",
        "Collection rules may not start before the business date.",
    )
    COLLECTION_RULES_OVERLAP = (
        "collection_rules_overlap",
        "Collection rules that start on or after that date exist.",
    )
    CASE_NOT_OPEN = "case_not_open", "No collection case is open on that borrower."
    ACTION_IN_FUTURE = "action_in_future", "The action is said to be later than now."
    STAGE_TOO_EARLY = (
        "stage_too_early",
        "Visits, agencies and lawsuits belong to the stage of action.",
    )
    COLLECTION_TOO_EARLY = (
        "collection_too_early",
        "The policies of the borrower's overdue loans let that action begin on a later day.",
    )
    AGENCY_NOT_MANDATED = (
        "agency_not_mandated",
        "The case is not handed over, or not to that agency.",
    )
    CASE_HANDED_OVER = "case_handed_over", "The case is handed over already: take it back first."
    PROMISE_OPEN = "promise_open", "An earlier promise is still open."
    LAWSUIT_WRONG_STEP = (
        "lawsuit_wrong_step",
        "A lawsuit is filed, then judged, then enforced, none on a day before the last.",
    )
    # Collections: rules of conduct.
    CONTACT_AT_NIGHT = (
        "contact_at_night",
        "Nobody is contacted at night who has not agreed to it.",
    )
    CALLS_TOO_MANY = (
        "calls_too_many",
        "The person had as many effective calls that day as are allowed.",
    )
    ASKED_WHO_OWES_NOTHING = (
        "asked_who_owes_nothing",
        "Only those who owe are asked to pay.",
    )
    DEBT_DISCLOSED = "debt_disclosed", "A contact who owes nothing is never told of the debt."
    CONTACT_DECLINED = (
        "contact_declined",
        "The contact did not want to be asked again.",
    )
    DEBTOR_REACHABLE = (
        "debtor_reachable",
        "Other contacts may be asked only for a debtor who cannot be reached.",
    )
    # The blacklist.
    EVIDENCE_MISSING = (
        "evidence_missing",
        "An entry that is shared needs a ground and the hash of its evidence.",
    )
    NOT_BLACKLISTED = "not_blacklisted", "The member is not on the platform's blacklist."
    APPEAL_OPEN = "appeal_open", "An earlier appeal is not decided yet."
    APPEAL_MISSING = "appeal_missing", "No appeal of the member waits for a decision."
    BLACKLISTED_ELSEWHERE = (
        "blacklisted_elsewhere",
        "The borrower is on another platform's blacklist, which was imported.",
    )
    BLACKLIST_KEY_MISSING = (
        "blacklist_key_missing",
        "The key that the platforms share for their lists is not set here.",
    )
    BLACKLIST_KEY_OTHER = (
        "blacklist_key_other",
        "The list was made under another key than the one that is set here.",
    )
    BLACKLIST_FORGED = "blacklist_forged", "The list is not signed by that key."
    BLACKLIST_OUTDATED = "blacklist_outdated", "A later list of that platform was imported."


_MEANINGS = {code.value: code.meaning for code in Code}


def meaning_of(code: str) -> str:
    """Of a code as it was stored; nothing of one that this version does not know."""
    return _MEANINGS.get(code, "")
