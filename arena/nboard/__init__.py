"""An agent as a program of Othello for viewers that speak the NBoard protocol."""
