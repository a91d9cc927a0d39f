"""Games between two agents: how one is played and ends, and matches of many.

clock          time controls, and what a player has left
adjudication   games that end early because both players agree
verdict        who won, and how the game ended
game           what a game is played under, and its state
game_runner    plays many games at once
sequence       counts pairs of games in the order of the schedule
match          two agents, and whether one is stronger
"""
