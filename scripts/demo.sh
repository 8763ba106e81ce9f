#!/usr/bin/env bash
# Train p6b twice and let the gates judge: on a synthetic world that can be learned (expected:
# DEPLOYABLE), then on the bundled speeches (expected: BLOCKED, as a truthful gatekeeper must on real
# text). Both runs use a transformer of 2 layers and width 128 instead of the seed's 4 and 512, so that
# the demo takes minutes. Exits 0 when both verdicts are the expected ones.
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

expect 0 data synth forward --horizon 2 --articles 150 --out demo/forward
expect 0 train p6b --config demo/forward/gatekeeper.toml --layers 2 --width 128 --epochs 6 --out demo/p6b-forward
expect 1 train p6b --layers 2 --width 128 --out demo/p6b-speeches
echo
echo "demo: both verdicts are the expected ones (synthetic world DEPLOYABLE, real text BLOCKED)"
