"""A GTP server: :mod:`server` speaks the protocol, :mod:`commands` maps names to functions."""
