"""Custodian banks that speak the "service" protocol (serviceName / reqData / sign envelopes).

docs/custody-family-a.md holds the mapping and every choice the published protocol leaves open.
"""
