"""The command line: `dcr` and its commands."""
