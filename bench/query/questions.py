"""The usual questions, each for many products, customers, orders or dates of the books."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

# What comes in no order of its own is sorted, so that both give the same text.
Ask = Callable[[str], list[list[str]]]


@dataclass(frozen=True)
class Question:
    """A question and the SQL of each time that it is asked."""

    name: str
    queries: list[str]


def usual(ask: Ask, last: date, times: int, seed: int) -> list[Question]:
    """The questions over books whose last day is `last`, `times` each; `ask` finds what to ask for."""
    draw = random.Random(seed)

    def ids(column: str, table: str) -> list[str]:
        """Of one day's rows in the middle of the books, drawn by how often they come."""
        found = ask(f"select {column} from {table} where partition_date = date '{last - timedelta(days=100)}' "
                    f"order by {column} limit 20000")
        return [row[0] for row in draw.sample(found, times)]

    def within(days: int) -> str:
        """A stretch of so many days in the last of the books."""
        end = last - timedelta(days=draw.randrange(90))
        return f"partition_date between date '{end - timedelta(days=days - 1)}' and date '{end}'"

    products, customers, orders = (
        ids("product_id", "app_daily_product_sales"), ids("customer_id", "app_daily_customer_sales"),
        ids("order_id", "dwd_orders_variant_status"))
    return [
        Question("a product's last 90 days", [
            "select partition_date, sum(units) as units, sum(paid_revenue) as paid_revenue "
            f"from app_daily_product_sales where product_id = '{product}' and {within(90)} "
            "group by partition_date order by partition_date" for product in products]),
        Question("a customer's history, day by day", [
            "select partition_date, orders, units, paid_revenue from app_daily_customer_sales "
            f"where customer_id = '{customer}' order by partition_date" for customer in customers]),
        Question("a customer's orders and payments", [
            "select partition_date, order_id, order_status, attempts from app_order_payments "
            f"where customer_id = '{customer}' order by order_id" for customer in customers]),
        Question("one order", [
            "select order_line_id, product_id, order_status, quantity, revenue from dwd_orders_variant_status "
            f"where order_id = '{order}' order by order_line_id" for order in orders]),
        Question("a month by day", [
            f"select partition_date, orders, revenue, paid_revenue from app_daily_revenue where {within(30)} "
            "order by partition_date" for _ in range(times)]),
        Question("the top 20 customers of a day", [
            f"select customer_id, paid_revenue from app_daily_customer_sales where {within(1)} "
            "order by paid_revenue desc, customer_id limit 20" for _ in range(times)]),
        Question("the top 20 customers of a month", [
            f"select customer_id, sum(paid_revenue) as paid_revenue from app_daily_customer_sales where {within(30)} "
            "group by customer_id order by paid_revenue desc, customer_id limit 20" for _ in range(times)]),
        Question("the top 20 customers ever", [
            "select customer_id, paid_revenue from app_customer_lifetime "
            "order by paid_revenue desc, customer_id limit 20"] * min(times, 3)),
    ]
