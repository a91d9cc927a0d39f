"""An agent as a program of Gomoku for managers that speak Gomocup's protocol (Piskvork)."""
