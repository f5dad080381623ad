#!/bin/bash
# Debian's own judgement of the packages in DIR: no error, no warning. What is overridden has its reason beside it.
#
#   lint.sh DIR
set -euo pipefail
# The first is true of every package for Ubuntu that is judged on Debian.
lintian --allow-root --fail-on error,warning --suppress-tags bad-distribution-in-changes-file \
  "$1"/openclaw-setup_*.changes "$1"/first/*.deb "$1"/second/*.deb
