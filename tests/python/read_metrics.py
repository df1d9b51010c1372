"""Reads metrics as Prometheus does, by prometheus_client: read_metrics.py TEXT. Prints {"name{label=value}": value}."""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families

samples = {}
for family in text_string_to_metric_families(sys.argv[1]):
    assert family.documentation, f"{family.name} says what it is"
    for sample in family.samples:
        labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
        samples[f"{sample.name}{{{labels}}}"] = sample.value
print(json.dumps(samples))
