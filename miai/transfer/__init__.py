"""How much of a new game is known from other games: the transfer experiment.

Each game in turn is held out: a network learns the other games, then the held-out game from few
games of its own. The same budget from nothing is the measure. ``plan`` says what to run, ``cells``
runs one budget, ``meetings`` lets the networks play each other, ``curves`` reads Elo and the factor
in games off, ``table`` and ``page`` show them.
"""
