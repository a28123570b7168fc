"""Proves from the stored log, fen by fen, that the money rules held (审计).

    verify        reads the log once from zero; every rule is a named check with what it looked at
    as of         a balance or an aggregate as it stood at a position or at the close of a day
    event digest  one hash that is equal for equal histories

Reads only: one instant of the database, never a custodian.
"""
