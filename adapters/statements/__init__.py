"""Statements that any custodian may give, read strictly: a file is good as a whole, or refused.

    model     what a statement says, whatever its format
    camt053   ISO 20022 camt.053, versions .02 and .08
    mt940     SWIFT MT940

ALEVE and EVE belong to one family of banks: adapters/custody/batch_family. docs/statements.md has
every rule.
"""
