"""How fast this machine is: contenders that do one kind of work, and a race between them.

One module per kind of work. Each gives its contenders, the project's own first in each group and
after it the peers that happen to be installed; the command line and ``benchmarks/`` share them.
"""
