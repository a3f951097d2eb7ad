"""BigQuery's analysis rules on Google's SQL engine: what a party of a clean room gets to see."""

from dcr_data_generator.clean_room.analysis_rules.cells import as_json, write
from dcr_data_generator.clean_room.analysis_rules.engine import Answer
from dcr_data_generator.clean_room.analysis_rules.lineage import NotUnderstood
from dcr_data_generator.clean_room.analysis_rules.reply import Cost, Refused, Reply, Verdict
from dcr_data_generator.clean_room.analysis_rules.room import CleanRoom, Party, SharedView
from dcr_data_generator.clean_room.analysis_rules.rules import Budgets
from dcr_data_generator.clean_room.analysis_rules.service import start

__all__ = [
    "Answer",
    "Budgets",
    "CleanRoom",
    "Cost",
    "NotUnderstood",
    "Party",
    "Refused",
    "Reply",
    "SharedView",
    "Verdict",
    "as_json",
    "start",
    "write",
]
