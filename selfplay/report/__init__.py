"""Pages about runs: SVG and HTML from a run folder alone, without the network and without torch.

``report`` is one run's page, ``compare`` several on one; ``charts``, ``boards`` and ``openings``
are its pictures, ``page`` the frame, ``wording`` how numbers read.
"""
