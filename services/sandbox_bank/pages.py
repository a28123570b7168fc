"""The pages of /gateway as HTML: plain, without a script, with no more than is to be decided."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from starlette.responses import HTMLResponse

CONFIRM_PATH = "/gateway/confirm"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_TITLES = {
    "PERSONAL_REGISTER_EXPAND": "开户 · Open an account",
    "ENTERPRISE_REGISTER": "企业开户 · Open a company's account",
    "PERSONAL_BIND_BANKCARD": "绑定银行卡 · Bind a card",
    "PERSONAL_BIND_BANKCARD_EXPAND": "绑定银行卡 · Bind a card",
    "ENTERPRISE_BIND_BANKCARD": "绑定银行卡 · Bind a card",
    "UNBIND_BANKCARD": "解绑银行卡 · Unbind a card",
    "MODIFY_MOBILE_EXPAND": "变更手机号 · Change the phone",
    "RESET_PASSWORD": "重置交易密码 · Choose another bank password",
    "CHECK_PASSWORD": "验证交易密码 · Show that it is you",
    "RECHARGE": "充值 · Recharge",
    "WITHDRAW": "提现 · Withdraw",
    "USER_PRE_TRANSACTION": "冻结 · Freeze",
    "USER_AUTHORIZATION": "授权 · Authorise",
    "CANCEL_USER_AUTHORIZATION": "取消授权 · End an authorisation",
}


def question(
    service: str,
    facts: Mapping[str, str],
    hidden: Mapping[str, str],
    *,
    new_password: bool,
    complaint: str = "",
) -> HTMLResponse:
    """`facts`: what is shown, masked already. `hidden`: what the form carries back."""
    said = f'<p role="alert">{escape(complaint)}</p>' if complaint else ""
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items()
    )
    return _page(
        _TITLES.get(service, service),
        f"""<dl>{rows}</dl>{said}
<form method="post" action="{CONFIRM_PATH}">{_hidden(hidden)}
{_password_fields(new_password)}
<button name="decision" value="confirm">确认 · Confirm</button>
<button name="decision" value="cancel">取消 · Cancel</button>
</form>""",
    )


def result(
    service: str, said: str, back_to: str | None, callback: Mapping[str, str]
) -> HTMLResponse:
    """What came of it, and the way back: a form of the bank's signed word, by POST."""
    way = (
        ""
        if back_to is None
        else (
            f'<form method="post" action="{escape(back_to)}">{_hidden(callback)}'
            "<button>返回平台 · Back to the platform</button></form>"
        )
    )
    return _page(_TITLES.get(service, service), f"<p>{escape(said)}</p>{way}")


def notice(said: str, status: int) -> HTMLResponse:
    """Nothing was done, and why."""
    return _page("未受理 · Nothing was done", f"<p>{escape(said)}</p>", status)


def _password_fields(new_password: bool) -> str:
    if not new_password:
        return _password("password", "交易密码 · Bank password", "current-password")
    return _password(
        "password", "设置交易密码 · Choose a bank password", "new-password"
    ) + _password("again", "再次输入 · Once more", "new-password")


def _password(name: str, label: str, kind: str) -> str:
    return f'<label>{label} <input type="password" name="{name}" autocomplete="{kind}"></label>\n'


def _hidden(fields: Mapping[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    text = (
        f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<main><h1>{escape(title)}</h1>\n{body}</main></html>"
    )
    return HTMLResponse(text, status_code=status, headers=_HEADERS)
