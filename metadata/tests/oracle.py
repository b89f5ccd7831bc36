"""Asks aind-data-schema: for each line `[model, document]` of the standard input, whether the model passes the document."""

import importlib
import json
import logging
import sys
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)


def model(name):
    module = importlib.import_module(f"aind_data_schema.core.{name}")
    return getattr(module, "".join(part.capitalize() for part in name.split("_")))


for line in sys.stdin:
    name, document = json.loads(line)
    try:
        model(name).model_validate(document)
        print("passes")
    except Exception as error:  # Some of the package's own checks stumble with a KeyError.
        print(" ".join(f"{type(error).__name__}: {error}".split())[:2000])
