"""What processes of ours share: pipes between them, and when garbage is collected. Imports nothing of the rest."""
