"""The fault campaign: a seeded load with a ledger, injected faults, a verdict from outside."""
