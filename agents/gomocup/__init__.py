"""The protocol of Gomocup and Piskvork, by which programs of Gomoku play: words and a client."""
