"""One module per subcommand, each with the same four names.

``SUMMARY``                one line for the list of commands
``EXAMPLE``                a command that works as printed
``add_arguments(parser)``  declares the arguments; imports nothing heavy
``run(args) -> int``       does the work and returns the exit code; heavy imports go inside
"""
