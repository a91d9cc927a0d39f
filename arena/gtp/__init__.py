"""A GTP server: :mod:`server` knows no game, :mod:`commands` is a table from name to function."""
