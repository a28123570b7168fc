"""Mirrors the book's movements to the bank: one instruction each, and the bank's word back.

    log -> plan -> journal -> send | query -> journal -> SettleEntry | RejectEntry | Confirm ...

The journal is written before and after every call and is never rebuilt. Only `Custody`, which holds
its platform's lease, ever gets a `Custodian`: what replays, rebuilds or verifies cannot send.
"""
