"""Commands about the platform, its members, and their own money in and out."""

from __future__ import annotations

from domain import cashbook, identity, lawful, member, platform, policies, reserve
from domain import commands as c
from domain.accounts import INCOME_ACCOUNT, OUTSIDE, RESERVE_ACCOUNT
from domain.authorisation import Kind as Authorised
from domain.cashbook import Movement, movement_id
from domain.model import Refused
from domain.purposes import Purpose
from domain.refusals import Code
from domain.streams import PLATFORM, POLICY, RESERVE, identity_stream, member_stream
from services.settlement.desk import Desk
from services.settlement.on_authorisations import check_cash
from services.settlement.on_withdrawals import take_back


def open_platform(desk: Desk, command: c.OpenPlatform) -> None:
    opening = platform.PlatformOpened(
        platform=command.platform,
        business_date=command.business_date,
        law_table=command.law_table,
        tender_max_fen=command.tender_max_fen,
        cool_off_days=command.cool_off_days,
    )
    desk.record(PLATFORM, *platform.open_platform(desk.platform, opening))


def roll_business_date(desk: Desk, command: c.RollBusinessDate) -> None:
    desk.record(PLATFORM, *platform.roll(desk.platform, command.business_date))


def set_member_rules(desk: Desk, command: c.SetMemberRules) -> None:
    rules = platform.MemberRulesSet(
        authorisations_required=command.authorisations_required,
        withdrawal_single_max_fen=command.withdrawal_single_max_fen,
        withdrawal_daily_max_fen=command.withdrawal_daily_max_fen,
        second_factor_minutes=command.second_factor_minutes,
        failed_cards_suspended=command.failed_cards_suspended,
    )
    desk.record(PLATFORM, rules)


def publish_policy(desk: Desk, command: c.PublishPolicy) -> None:
    terms = command.terms
    published = policies.decide(desk.policies, terms, desk.today)
    for each in terms.variants:
        lawful.check(each, desk.law_table, terms.valid_from)
    desk.record(POLICY, *published)


def register_member(desk: Desk, command: c.RegisterMember) -> None:
    ref = f"identity-{command.member_id}"
    digest = desk.seal.digest(command.id_no)
    registered = member.MemberRegistered(
        member_id=command.member_id,
        kind=command.kind,
        roles=command.roles,
        identity_ref=ref,
        identity_digest=digest,
        related_party=command.related_party,
        lawful_business=command.lawful_business,
    )
    claimed = identity.IdentityClaimed(
        identity=identity.identity_of(digest), member_id=command.member_id
    )
    stream = member_stream(command.member_id)
    desk.record(stream, *member.register(desk.member(command.member_id), registered))
    desk.record(
        identity_stream(claimed.identity), *identity.claim(desk.holder(claimed.identity), claimed)
    )
    desk.put_away(ref, {"name": command.name, "id_no": command.id_no, "phone": command.phone})


def confirm_account(desk: Desk, command: c.ConfirmAccount) -> None:
    desk.member(command.member_id).known()
    desk.record(
        member_stream(command.member_id),
        member.AccountOpened(member_id=command.member_id, role=command.role),
    )


def refuse_account(desk: Desk, command: c.RefuseAccount) -> None:
    desk.member(command.member_id).known()
    desk.record(
        member_stream(command.member_id),
        member.AccountRefused(
            member_id=command.member_id, role=command.role, bank_code=command.bank_code
        ),
    )


def register_related_party(desk: Desk, command: c.RegisterRelatedParty) -> None:
    desk.member(command.member_id).known()
    desk.record(
        member_stream(command.member_id),
        member.RelatedPartyRegistered(
            member_id=command.member_id,
            related=command.related,
            evidence=command.evidence,
            approved_by=command.checker.operator_id,
        ),
    )


# -- money in and out -------------------------------------------------------------------


def request_recharge(desk: Desk, command: c.RequestRecharge) -> None:
    account = desk.member(command.member_id).account(command.role)
    if not command.by_member:
        check_cash(desk, command.member_id, Authorised.RECHARGE, command.amount_fen, command.role)
    entry_id = f"C-{command.recharge_id}"
    movement = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.RECHARGE,
        payer=OUTSIDE,
        payee=account,
        amount_fen=command.amount_fen,
    )
    desk.request(
        entry_id,
        command.member_id,
        command.recharge_id,
        [movement],
        "recharge_id",
        by_member=None if command.by_member else False,
    )


def seed_reserve(desk: Desk, command: c.SeedReserve) -> None:
    entry_id = f"S-{command.seed_id}"
    movement = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.RECHARGE,
        payer=OUTSIDE,
        payee=RESERVE_ACCOUNT,
        amount_fen=command.amount_fen,
    )
    desk.request(entry_id, "platform", command.seed_id, [movement], "seed_id")
    desk.record(
        RESERVE,
        reserve.ReserveSeeded(
            seed_id=command.seed_id,
            amount_fen=command.amount_fen,
            approved_by=command.checker.operator_id,
        ),
    )


def move_reserve_surplus(desk: Desk, command: c.MoveReserveSurplus) -> None:
    terms = desk.policies.latest(desk.today)
    if terms is None:
        raise Refused(Code.POLICY_MISSING)
    wanted = reserve.SurplusMoved(
        surplus_id=command.surplus_id,
        amount_fen=command.amount_fen,
        cap_fen=0,
        approved_by=command.checker.operator_id,
    )
    moved = reserve.surplus(
        terms,
        desk.balance(RESERVE_ACCOUNT).available_fen,
        desk.cap_basis_fen(terms),
        wanted,
        queue_empty=not desk.reserve.queue,
    )
    entry_id = f"Z-{command.surplus_id}"
    movement = Movement(
        id=movement_id(entry_id, 1),
        purpose=Purpose.RESERVE_SURPLUS,
        payer=RESERVE_ACCOUNT,
        payee=INCOME_ACCOUNT,
        amount_fen=command.amount_fen,
    )
    desk.request(entry_id, "platform", command.surplus_id, [movement], "surplus_id")
    desk.record(RESERVE, *moved)


def record_bank_movement(desk: Desk, command: c.RecordBankMovement) -> None:
    """A fact of the bank is never refused by us for want of money: see cashbook.record."""
    entry_id = f"B-{command.bank_record}"
    payer, payee = (OUTSIDE, command.account) if command.credit else (command.account, OUTSIDE)
    movement = Movement(
        id=movement_id(entry_id, 1),
        purpose=command.purpose,
        payer=payer,
        payee=payee,
        amount_fen=command.amount_fen,
    )
    recorded = cashbook.record(
        desk.entry(entry_id),
        entry_id,
        movement,
        bank_record=command.bank_record,
        bank_date=command.bank_date,
        origin=command.origin,
        payer_available_fen=0 if command.credit else desk.balance(payer).available_fen,
    )
    desk.post(recorded)
    if command.purpose is Purpose.RETURNED_WITHDRAWAL:
        take_back(desk, command.account, command.origin, command.bank_record)
