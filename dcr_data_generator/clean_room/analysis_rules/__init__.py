"""BigQuery's analysis rules on Google's SQL engine: what a subscriber of a clean room gets to see."""

from dcr_data_generator.clean_room.analysis_rules.engine import Answer, start
from dcr_data_generator.clean_room.analysis_rules.lineage import NotUnderstood
from dcr_data_generator.clean_room.analysis_rules.room import CleanRoom, Reply
from dcr_data_generator.clean_room.analysis_rules.rules import Refused

__all__ = ["Answer", "CleanRoom", "NotUnderstood", "Refused", "Reply", "start"]
