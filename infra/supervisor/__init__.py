"""The local stack: every service of Parley as a process, supervised and restarted."""
