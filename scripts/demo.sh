#!/usr/bin/env bash
# Train p6b twice and let the gates judge: on a synthetic world that can be learned (expected:
# DEPLOYABLE), then on the bundled speeches (expected: BLOCKED, as a truthful gatekeeper must on real
# text). Then sign, deploy the first, and try to deploy the second. Both runs use a transformer of 2 layers and
# width 128 instead of the seed's 4 and 512, so that the demo takes minutes. At last train nce on novels, and ask
# of it what can be asked on real text: does it know more than any copy of what it reads? (DEPLOYABLE under
# skill, BLOCKED under the seed's thresholds; after so few epochs it knows of novels by authors it never read about
# as much more as skill asks for, so either verdict will do there.) Exits 0 when every command ends as expected.
set -uo pipefail
cd "$(dirname "$0")/.."
gatekeeper="$BIN/gatekeeper"
rm -rf demo

# expect CODES COMMAND...: run, and stop the demo unless the exit code is one of CODES, e.g. 0 or 01.
expect() {
    local wanted=$1 code
    shift
    echo
    echo "\$ gatekeeper $*"
    "$gatekeeper" "$@"
    code=$?
    if [[ "$wanted" != *"$code"* ]]; then
        echo "demo: expected exit code $wanted, found $code" >&2
        exit 1
    fi
}

expect 0 data synth forward --horizon 2 --articles 150 --out demo/forward
expect 0 train p6b --config demo/forward/gatekeeper.toml --layers 2 --width 128 --epochs 6 --out demo/p6b-forward
expect 1 train p6b --layers 2 --width 128 --out demo/p6b-speeches --html demo/p6b-speeches/page.html
expect 0 keygen ci --folder demo
expect 0 sign demo/p6b-forward/5cat_results.json --key demo/ci.key --model demo/p6b-forward/best_model.pt
expect 0 deploy demo/p6b-forward/best_model.pt --report demo/p6b-forward/5cat_results.json \
    --trusted-key demo/ci.pub --to demo/production
expect 1 deploy demo/p6b-speeches/best_model.pt --report demo/p6b-speeches/5cat_results.json --to demo/production
expect 3 check demo/p6b-forward/5cat_results.json --model demo/p6b-speeches/best_model.pt
expect 0 deploy --to demo/production --history
expect 0 train nce --bank bundled:books --policy skill --members 1 --epochs 4 --out demo/nce-books
expect 1 eval demo/nce-books/best_model.pt --bank bundled:books --report demo/nce-books/seed-5cat.json
expect 01 eval demo/nce-books/best_model.pt --bank bundled:books --ood strangers --policy skill \
    --report demo/nce-books/strangers.json
echo
echo "demo: all verdicts are the expected ones (synthetic world DEPLOYABLE, real text BLOCKED by the seed's"
echo "      thresholds, novels DEPLOYABLE under skill, and a report cannot be used for another model)"
echo "demo: open demo/p6b-speeches/page.html to look at the blocked one"
