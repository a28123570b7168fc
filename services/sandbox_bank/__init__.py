"""A stand-in custodian bank (资金存管银行): its own process, its own database, its own arithmetic.

It speaks the "service" family of custody protocols from the published wording alone and shares no
code with the platform that it serves. One thread, the *teller*, is the only writer: it takes the
waiting calls in batches, decides each against the *book* and commits a batch at a time.

    web       the protocol's paths and the control paths     -> desk
    gateway   the member's page: pages, passwords, gateway_web -> desk
    desk      one call: duplicate? do it, or keep the refusal -> members, cash, freezes, trades ...
    teller    batches, commits, the change of the bank's day  -> book -> PostgreSQL
    notices   sends callbacks until they are answered
    downloads what the bank gives of a day -> files, the check files; camt053 and mt940, statements
"""
