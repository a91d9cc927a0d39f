"""Games played by workers on a Ray cluster: a source like the others, on other machines.

Nothing here is imported unless a run asks for it, and only then is the package ``ray`` needed.
"""
