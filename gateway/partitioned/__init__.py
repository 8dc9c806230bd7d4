"""The gateway's ports over all partitions: an adapter of each, to which calls are routed, or whose
answers are merged. Where there is one partition, nothing of this is used.
"""
