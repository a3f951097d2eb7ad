"""Publishing the clean room, or a plain exchange, on Google Cloud, and removing it again."""
