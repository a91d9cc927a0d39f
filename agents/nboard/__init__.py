"""The NBoard protocol, by which programs of Othello play and analyse: a client."""
