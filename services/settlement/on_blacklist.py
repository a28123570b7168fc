"""Commands about the blacklist (黑名单), and the look at it before a loan is published."""

from __future__ import annotations

from adapters.signing import verified
from adapters.vault import VaultUnreadable
from domain import blacklist, member
from domain import commands as c
from domain.model import Refused
from domain.refusals import Code
from domain.streams import BLACKLIST, member_stream
from services.settlement.desk import Desk


def blacklist_member(desk: Desk, command: c.BlacklistMember) -> None:
    desk.member(command.member_id).known()
    entered = blacklist.enter(command.member_id, command.ground, command.evidence_hash)
    listed = member.MemberBlacklisted(
        member_id=command.member_id,
        evidence=command.evidence,
        approved_by=command.checker.operator_id,
    )
    desk.record(member_stream(command.member_id), listed, *entered)


def appeal_blacklisting(desk: Desk, command: c.AppealBlacklisting) -> None:
    state = desk.member(command.member_id)
    wanted = blacklist.BlacklistAppealed(
        member_id=command.member_id, evidence_hash=command.evidence_hash
    )
    appealed = blacklist.appeal(wanted, listed=state.blacklisted, appealed=state.appealed)
    desk.record(member_stream(command.member_id), *appealed)


def reject_appeal(desk: Desk, command: c.RejectAppeal) -> None:
    state = desk.member(command.member_id)
    wanted = blacklist.AppealRejected(
        member_id=command.member_id, evidence_hash=command.evidence_hash
    )
    rejected = blacklist.reject_appeal(wanted, appealed=state.appealed)
    desk.record(member_stream(command.member_id), *rejected)


def remove_from_blacklist(desk: Desk, command: c.RemoveFromBlacklist) -> None:
    state = desk.member(command.member_id)
    wanted = blacklist.BlacklistRemoved(
        member_id=command.member_id, evidence_hash=command.evidence_hash
    )
    desk.record(
        member_stream(command.member_id), *blacklist.remove(wanted, listed=state.blacklisted)
    )


def import_blacklist(desk: Desk, command: c.ImportBlacklist) -> None:
    given = blacklist.BlacklistImported(
        issuer=command.issuer,
        as_of=command.as_of,
        key_id=command.key_id,
        public_key=command.public_key,
        signature=command.signature,
        entries=command.entries,
    )
    taken = blacklist.take_in(desk.blacklists, given, desk.seal.list_key_id, verified)
    desk.record(BLACKLIST, *taken)


def check_elsewhere(desk: Desk, borrower: member.Member) -> None:
    """Whether another platform's list has the borrower, by the id number, which is in the vault.
    Raises Refused, also where that cannot be told."""
    known = desk.blacklists
    if not known.lists:
        return
    try:
        person = desk.unseal(borrower.known("borrower_id").identity_ref)
    except VaultUnreadable:
        raise Refused(Code.IDENTITY_NOT_VERIFIED, "the id number was erased") from None
    digest = desk.seal.list_digest(person["id_no"])
    if digest is None:
        raise Refused(Code.BLACKLIST_KEY_MISSING)
    if (hit := known.hit(digest)) is not None:
        issuer, entry_id = hit
        raise Refused(Code.BLACKLISTED_ELSEWHERE, f"list {issuer}, entry {entry_id}")
