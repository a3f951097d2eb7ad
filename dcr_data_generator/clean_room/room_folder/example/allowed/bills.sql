-- as: bank
SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (epsilon = 1)
  is_late,
  AVG(amount, contribution_bounds_per_group => (0, 60)) AS average_bill
FROM telco_room.bills
GROUP BY is_late
