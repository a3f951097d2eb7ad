"""The provider as anyone would write it first: row by row, with Faker and the random module.

It makes the same two tables by the same rules, but for exact shares and keyed draws.
"""

import random
import uuid
from collections import defaultdict
from datetime import date, timedelta

import pandas as pd
from faker import Faker

from dcr_data_generator.settings import Draws


def generate(
    orders: pd.DataFrame, order_items: pd.DataFrame, users: pd.DataFrame, draws: Draws, target_date: date
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make provider_users and transactions."""
    random.seed(draws.seed)
    fake = Faker("en_US")
    fake.seed_instance(draws.seed)

    total = defaultdict(float)
    for item in order_items.itertuples():
        total[item.order_id] += item.sale_price
    orders_of = defaultdict(list)
    for order in orders.itertuples():
        orders_of[order.user_id].append(order)

    provider_users, transactions, emails = [], [], set(users["email"])
    cities = list(users["city"])
    for user in users.itertuples():
        if random.random() >= draws.match_rate:
            continue
        amounts = [total[order.order_id] for order in orders_of[user.id] if order.order_id in total]
        average = sum(amounts) / len(amounts) if amounts else 0
        refund = any(order.status in ("Cancelled", "Returned") for order in orders_of[user.id])
        provider_user_id = len(provider_users) + 1
        provider_users.append(
            {
                "provider_user_id": provider_user_id,
                "email": user.email,
                "date_of_birth": born(target_date, user.age),
                "city": user.city,
                "account_tier": tier(average),
                "is_verified_user": user.age >= 18 and random.random() < (0.55 if refund else 0.94),
            }
        )
        for order in orders_of[user.id]:
            if order.order_id in total and random.random() < draws.wallet_payment_rate:
                transactions.append(
                    {
                        "transaction_id": str(uuid.UUID(int=random.getrandbits(128), version=4)),
                        "order_id": order.order_id,
                        "provider_user_id": provider_user_id,
                        "transaction_amount": round(total[order.order_id], 2),
                        "transaction_timestamp": order.created_at,
                        "status": order.status,
                    }
                )

    holders, rate = len(provider_users), draws.wallet_only_rate
    while len(provider_users) < holders / (1 - rate):
        email = f"{fake.first_name()}{fake.last_name()}@{fake.safe_domain_name()}".lower()
        while email in emails:
            email = f"{fake.first_name()}{fake.last_name()}{random.randrange(10**6)}@{fake.safe_domain_name()}".lower()
        emails.add(email)
        provider_users.append(
            {
                "provider_user_id": len(provider_users) + 1,
                "email": email,
                "date_of_birth": born(target_date, random.randint(18, 70)),
                "city": random.choice(cities),
                "account_tier": random.choices(["Free", "Premium", "Business"], [70, 22, 8])[0],
                "is_verified_user": random.random() < 0.85,
            }
        )
    transactions.sort(key=lambda transaction: (transaction["transaction_timestamp"], transaction["order_id"]))
    return pd.DataFrame(provider_users), pd.DataFrame(transactions)


def born(target_date: date, age: int) -> date:
    """A birth date that gives the age."""
    return target_date - timedelta(days=age * 365.25 + random.randint(1, 364))


def tier(average: float) -> str:
    """The tier that goes with what somebody spends an order."""
    score = average / 100 + random.random()
    return "Business" if score > 2 else "Premium" if score > 1.3 else "Free"
