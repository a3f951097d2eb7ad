-- purpose: The view that is attacked: its people, one of its columns as their secret, and the columns of its joins. It
-- has the privacy policy of the view in the folder.
SELECT *
FROM attacked_tables.people
