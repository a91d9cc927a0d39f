"""Options that several commands share: each module declares some, and reads what was given.

agent     those of agents
arena     those of `miai arena`
game      the game, its size and its rules
trust     which programs may be started
streams   standard input and output for protocols
"""
