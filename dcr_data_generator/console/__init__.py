"""The console: what a command takes, what it prints, and how it ends."""
