"""Custodian banks that speak the "batch" protocol (txCode / seqNo headers, ALEVE and EVE files)."""
