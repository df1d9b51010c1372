"""Takes webhooks as a receiver does, by standardwebhooks: read_webhooks.py SECRET DELIVERIES

DELIVERIES is a JSON list of {"headers": {}, "body": ""}. A wrong signature ends it; so does a signature that
a changed body passes with.
"""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

secret, deliveries = sys.argv[1:]
webhook = Webhook(secret)
payloads = []
for delivery in json.loads(deliveries):
    payloads.append(webhook.verify(delivery["body"], delivery["headers"]))
    try:
        webhook.verify(delivery["body"] + " ", delivery["headers"])
    except WebhookVerificationError:
        continue
    sys.exit("a changed body has the same signature")
print(json.dumps(payloads))
