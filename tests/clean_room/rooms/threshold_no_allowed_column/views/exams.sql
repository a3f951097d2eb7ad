-- source: https://cloud.google.com/bigquery/docs/analysis-rules
CREATE OR REPLACE VIEW school_room.exams
OPTIONS (
  privacy_policy = '''{
  "aggregation_threshold_policy": {
    "threshold": 2,
    "privacy_unit_column": "student"
  },
  "join_restriction_policy": {
    "join_condition": "JOIN_NOT_REQUIRED"
  }
}'''
)
AS
SELECT
  student,
  course,
  score
FROM school.exams
