-- source: https://cloud.google.com/bigquery/docs/analysis-rules
CREATE OR REPLACE VIEW school_room.exams
OPTIONS (
  privacy_policy = '''{
  "differential_privacy_policy": {
    "privacy_unit_column": "student",
    "max_epsilon_per_query": 1000,
    "epsilon_budget": 10000.1,
    "delta_per_query": 0.01,
    "delta_budget": 0.1,
    "max_groups_contributed": 2
  }
}'''
)
AS
SELECT
  student,
  course,
  score
FROM school.exams
