#!/bin/sh
# Stands in for the Azure CLI: checks how it is called, then does what the file beside its name says.
[ "$*" = "account get-access-token --resource https://storage.azure.com/ --output json" ] || exit 2
. "$(dirname "$0")/script"
