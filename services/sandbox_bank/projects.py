"""标的: a loan as the bank knows it, and the states in which money may move for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.sandbox_bank.book import Book
from services.sandbox_bank.errors import Code, Refused
from services.sandbox_bank.fields import Fields, money
from services.sandbox_bank.rows import Project, Request

_NEXT = {
    "COLLECTING": frozenset({"REPAYING", "MISCARRY"}),
    "REPAYING": frozenset({"FINISH"}),
    "FINISH": frozenset[str](),
    "MISCARRY": frozenset[str](),
}
_REPAYMENT_WAYS = frozenset(
    {
        "ONE_TIME_SERVICING",
        "FIRSEINTREST_LASTPRICIPAL",
        "FIXED_PAYMENT_MORTGAGE",
        "FIXED_BASIS_MORTGAGE",
        "EQUAL_PRINCIPAL_INTEREST",
    }
)


def establish(book: Book, request: Request, fields: Fields) -> Request:
    project = Project(
        no=fields.text("projectNo", 50),
        borrower=fields.text("platformUserNo", 50),
        amount_fen=fields.amount("projectAmount"),
        name=fields.text("projectName"),
        status="COLLECTING",
    )
    fields.text("projectType")
    fields.text("annnualInterestRate")  # So spelt by the protocol.
    fields.choice("repaymentWay", _REPAYMENT_WAYS)
    if book.account(project.borrower).role != "BORROWERS":
        raise Refused(Code.NOT_PERMITTED, "标的所属用户不是借款人")
    if book.projects.get(project.no):
        raise Refused(Code.REFUSED, f"标的已存在: {project.no}")
    book.projects.put(project)
    return replace(
        request, status="SUCCESS", account_no=project.borrower, amount_fen=project.amount_fen
    )


def modify(book: Book, request: Request, fields: Fields) -> Request:
    status = fields.choice("status", frozenset(_NEXT))
    project = find(book, fields.text("projectNo", 50))
    if status not in _NEXT[project.status]:
        raise Refused(Code.PROJECT_STATE, f"标的状态不能由 {project.status} 变为 {status}")
    book.projects.put(replace(project, status=status))
    return replace(request, status="SUCCESS", account_no=project.borrower)


def find(book: Book, no: str) -> Project:
    project = book.projects.get(no)
    if project is None:
        raise Refused(Code.NOT_FOUND, f"标的不存在: {no}")
    return project


def require(book: Book, no: str, status: str) -> Project:
    project = find(book, no)
    if project.status != status:
        raise Refused(Code.PROJECT_STATE, f"标的状态为 {project.status}, 应为 {status}")
    return project


def query_project(book: Book, fields: Fields) -> dict[str, Any]:
    project = find(book, fields.text("projectNo", 50))
    return {
        "projectNo": project.no,
        "platformUserNo": project.borrower,
        "projectAmount": money(project.amount_fen),
        "projectName": project.name,
        "projectStatus": project.status,
    }
