"""Statistics of matches: pure functions of counts. Knows no game, agent or file.

elo           score <-> Elo
intervals     of a proportion
pentanomial   Elo, interval and likelihood of superiority of one pairing, from pairs of games
sprt          log-likelihood ratios for sequential tests, logistic and normalised
ratings       Elo of many players from all their games, by maximum likelihood
"""
