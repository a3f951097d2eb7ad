-- purpose: The instant at which all statements of a run read the source, which is regenerated every day.
SELECT CURRENT_TIMESTAMP() AS source_time
