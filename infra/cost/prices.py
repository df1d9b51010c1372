"""What AWS charges, in US dollars, in us-east-1, on demand, without free tiers and volume discounts.

`looked_up` is the month in which the price was read at its source, a page that repeats AWS's own. Where it is empty
the price could not be read anywhere and is an assumption; the source is then the page that would say it.
"""

from typing import NamedTuple

REGION = "us-east-1"
GIB = 1024**3


class Price(NamedTuple):
    usd: float
    unit: str
    source: str
    looked_up: str


PRICES = {
    "socket_message": Price(1.00e-6, "message of up to 32 KiB, either way", "amnic.com/blogs/aws-api-gateway-pricing", "2026-11"),
    "socket_minute": Price(0.25e-6, "minute of one connection", "amnic.com/blogs/aws-api-gateway-pricing", "2026-11"),
    "http_request": Price(1.00e-6, "request of up to 512 KiB", "amnic.com/blogs/aws-api-gateway-pricing", "2026-11"),
    "lambda_request": Price(0.20e-6, "invocation", "aws.amazon.com/lambda/pricing", ""),
    "lambda_gb_second": Price(0.0000166667, "GB-second, x86_64", "aws.amazon.com/lambda/pricing", ""),
    "log_gib": Price(0.50, "GiB taken in", "aws.amazon.com/cloudwatch/pricing", ""),
    "trace": Price(5.00e-6, "trace recorded", "aws.amazon.com/xray/pricing", ""),
    "metric_month": Price(0.30, "custom metric and month", "aws.amazon.com/cloudwatch/pricing", ""),
    "alarm_month": Price(0.10, "alarm and month", "aws.amazon.com/cloudwatch/pricing", ""),
    "nat_hour": Price(0.045, "hour of a NAT gateway", "aws.amazon.com/vpc/pricing", ""),
    "nat_gib": Price(0.045, "GiB through a NAT gateway", "aws.amazon.com/vpc/pricing", ""),
    "out_gib": Price(0.09, "GiB out to the internet", "amnic.com/blogs/aws-api-gateway-pricing", "2026-11"),
    "secret_month": Price(0.40, "secret and month", "aws.amazon.com/secrets-manager/pricing", ""),
    "db.t4g.medium": Price(0.065, "hour, one zone", "infratally.com/articles/aws-rds-pricing-explained-2026.html", "2026-11"),
    "db.r7g.xlarge": Price(0.478, "hour, one zone; two zones are twice that", "aws.amazon.com/rds/postgresql/pricing", ""),
    "db_gib_month": Price(0.115, "GiB of gp3 and month, one zone", "usage.ai/blogs/aws/reserved-instances/rds/pricing-calculator", "2026-11"),
    "cache.t4g.small": Price(0.0256, "hour, Valkey", "aws.amazon.com/elasticache/pricing", ""),
    "cache.r7g.large": Price(0.1752, "hour, Valkey", "aws.amazon.com/elasticache/pricing", ""),
    "mq.m7g.medium": Price(0.144, "hour of a broker", "aws.amazon.com/amazon-mq/pricing", ""),
    "mq.m7g.large": Price(0.288, "hour of a broker; a cluster is three", "aws.amazon.com/amazon-mq/pricing", ""),
}


def usd(name: str) -> float:
    return PRICES[name].usd
