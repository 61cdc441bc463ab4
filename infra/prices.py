"""AWS list prices in us-east-1, in US dollars, without free tiers and discounts. No other module holds a price.

Taken from each service's page ``https://aws.amazon.com/{service}/pricing/`` in mid-2026. Prices change: check them before
you rely on a sum, and update them here.
"""

AS_OF = "mid-2026"
REGION = "us-east-1"

# Lambda: one gigabyte-second, and one invocation. Initialization is billed too.
GB_SECOND = {"x86_64": 0.0000166667, "arm64": 0.0000133334}
LAMBDA_CALL = 0.20 / 1e6

S3_WRITE = 0.005 / 1e3
S3_READ = 0.0004 / 1e3
S3_GB_MONTH = 0.023
SQS_REQUEST = 0.40 / 1e6
DYNAMODB_WRITE = 0.625 / 1e6  # an item up to 1 KB, on demand; each index adds one write
DYNAMODB_READ = 0.125 / 1e6  # an item up to 4 KB, strongly consistent
SNS_PUBLISH = 0.50 / 1e6
SES_MAIL = 0.10 / 1e3
KMS_REQUEST = 0.03 / 1e4
LOG_GB = 0.50
XRAY_TRACE = 5.00 / 1e6

# Fixed cost of a month, whatever the load.
KMS_KEY_MONTH = 1.00
METRIC_MONTH = 0.30
ALARM_METRIC_MONTH = 0.10
COMPOSITE_ALARM_MONTH = 0.50
DASHBOARD_MONTH = 3.00
