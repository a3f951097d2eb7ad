"""The files that a run writes: the report, and the export."""
