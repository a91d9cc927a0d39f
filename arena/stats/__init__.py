"""Statistics of matches: pure functions of counts, without games, agents or files.

elo           score <-> Elo
intervals     of a proportion
pentanomial   Elo, interval and likelihood of superiority of one pairing, from pairs of games
sprt          sequential tests: log-likelihood ratios, logistic and normalised
stopping      the Elo difference after a sequential test has stopped
draws         chances to win, draw and lose at an Elo difference
ratings       Elo of many players from all their games, by maximum likelihood
"""
