-- as: telco
-- because: access
SELECT balance
FROM bank.customers
