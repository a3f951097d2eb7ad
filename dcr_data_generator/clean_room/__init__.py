"""The clean room: what the two parties let each other see of their data, under which rules."""
