"""Proves from the stored log, fen by fen, that the money rules held (审计).

    verify        reads the log once from zero; every rule is a named check with what it looked at
    mirror        for a range of days: movements and instructions one to one, and how fast
    as of         a balance or an aggregate as it stood at a position or at the close of a day
    event digest  one hash that is equal for equal histories

Reads only: one instant of the database, never a custodian.
"""
