"""What benchmark and fault campaign share: systems on free ports, child programs, reports."""
