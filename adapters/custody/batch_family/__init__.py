"""Custodian banks that speak the "batch" protocol (flat signed messages, two-phase batches,
ALEVE and EVE files).

docs/custody-family-b.md holds the mapping and every choice that the published protocol leaves open.
"""
