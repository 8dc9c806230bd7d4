"""The local stack: every part of Parley as a process on this machine, watched and restarted."""
