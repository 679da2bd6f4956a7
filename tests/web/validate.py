#!/usr/bin/env python3
"""validate.py SCHEMA DOCUMENT...: each document against the JSON Schema, by the draft that the schema names."""
import json
import sys

from jsonschema.validators import validator_for

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
validator = validator_for(schema)
validator.check_schema(schema)
bad = 0
for name in sys.argv[2:]:
    with open(name, encoding="utf-8") as file:
        document = json.load(file)
    for error in list(validator(schema).iter_errors(document))[:5]:
        where = "/".join(str(step) for step in error.absolute_path)
        print(f"{name}: {where}: {error.message[:300]}", file=sys.stderr)
        bad = 1
sys.exit(bad)
