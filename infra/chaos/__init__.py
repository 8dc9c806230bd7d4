"""The fault campaign: a seeded load with a ledger, faults, a verdict from outside."""
