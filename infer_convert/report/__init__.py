"""One frozen document, many renderers: JSON, terminal, HTML."""
