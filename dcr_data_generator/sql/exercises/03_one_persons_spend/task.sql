-- exercise: One person's spend
-- task: What does the customer @victim spend with the wallet in all? Get it from the view wallet_spend, as one row with one
-- column.
-- kind: get
-- hint: Two sums of large groups differ in what one person spends. Or let one person count in one sum.
-- because: Each of the questions is about a large group. What they tell together is about one person.
-- source: [Dwork, "A firm foundation for private data analysis" (2011)](https://doi.org/10.1145/1866739.1866758), on
-- differencing; [differences](attacks.md#differences).
-- as: merchant
SELECT WITH AGGREGATION_THRESHOLD
  SUM(transaction_amount) AS spend
FROM ewallet_clean_room.wallet_spend
WHERE hashed_email IS DISTINCT FROM @victim
