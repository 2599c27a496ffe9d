set -euo pipefail

{{json}}

# What it is given:
{{parameters}}

fail "not written yet"
