"""Games of a network against itself, and what they teach."""
