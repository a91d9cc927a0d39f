"""Exact values by reading to the end, without a network or a tree of statistics."""
