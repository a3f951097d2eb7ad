-- source: https://cloud.google.com/bigquery/docs/analysis-rules
CREATE OR REPLACE VIEW school_room.exams
OPTIONS (
  privacy_policy = '''{
  "join_restriction_policy": {
    "join_condition": "JOIN_ALL",
    "join_allowed_columns": [
      "score",
      "student"
    ]
  }
}'''
)
AS
SELECT
  student,
  course,
  score
FROM school.exams
