#!/usr/bin/env bash
# Train the linear baseline on the bundled speeches and evaluate it (expected: BLOCKED), then
# evaluate the best predictor of a synthetic world (expected: DEPLOYABLE). Exits 0 when both
# verdicts are the expected ones.
set -uo pipefail
cd "$(dirname "$0")/.."
gatekeeper="$BIN/gatekeeper"
rm -rf demo

# expect CODE COMMAND...: run, and stop the demo unless the exit code is CODE.
expect() {
    local wanted=$1 code
    shift
    echo
    echo "\$ gatekeeper $*"
    "$gatekeeper" "$@"
    code=$?
    if [ "$code" -ne "$wanted" ]; then
        echo "demo: expected exit code $wanted, found $code" >&2
        exit 1
    fi
}

expect 0 train ridge --out demo/ridge
expect 1 eval demo/ridge/best_model.pt
expect 0 data synth forward --out demo/forward
expect 0 eval demo/forward/best.pt --config demo/forward/gatekeeper.toml
echo
echo "demo: both verdicts are the expected ones (real text BLOCKED, synthetic world DEPLOYABLE)"
