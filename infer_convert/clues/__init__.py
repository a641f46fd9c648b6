"""One module per clue that signs evidence."""
