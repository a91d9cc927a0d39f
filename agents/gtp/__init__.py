"""The Go Text Protocol, version 2: the line grammar both sides share, and programs as agents."""
