"""Prove that nothing invented reaches a customer: questions, planted falsehoods, and a judge."""
