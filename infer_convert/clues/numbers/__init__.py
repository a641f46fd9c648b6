"""What trained numbers remember of the architecture that trained them.

One module per clue; ``net``, ``arrays``, ``gaussian`` and ``signals`` are the ground they share. A clue that has no
reason to speak says nothing (None), never an even chance.
"""
