#!/bin/bash
# pay.sh FROM TO AMOUNT: a payment through the HTTP API with curl; giro builds and signs it, and verifies the receipt.
# Needs curl, jq, giro (or GIRO=path), and GIRO_PROFILE as `eval "$(giro testnet env)"` sets it.
# Ends with 0 committed and proven, 1 rejected or expired, 75 not decided yet.
set -euo pipefail
if (($# != 3)); then
  sed -n '2,4s/^# //p' "$0"
  exit 2
fi
giro=${GIRO:-giro}
profile=${GIRO_PROFILE:?'run eval "$(giro testnet env)" first'}
genesis=$(sed -n 's/^genesis = "\(.*\)"$/\1/p' "$profile")
mapfile -t nodes < <(sed -n 's/^api = \[\(.*\)\]$/\1/p' "$profile" | tr -d '" ' | tr ',' '\n')
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# Offline: the keys are this side's, no node ever sees them.
jq -n --arg from "$1" --arg to "$2" --arg amount "$3" '{type: "PAY", from: $from, to: $to, amount: $amount}' >order.json
"$giro" op build order.json >built.json
"$giro" op sign built.json >signed.json
jq '{body, signatures}' signed.json >request.json
actor=$(jq -r .actor signed.json) op_id=$(jq -r .op_id signed.json)
echo "op $actor/$op_id"

# The same bytes, to one validator after the other, until the end is known. They have one effect, however often they
# arrive; no answer, 202, 429 and 5xx leave the outcome open, so they are no reason to make another operation.
status=UNKNOWN
for ((try = 0; try < 30; try++)); do
  node=${nodes[try % ${#nodes[@]}]}
  code=$(curl -s -o answer.json -w '%{http_code}' --max-time 10 \
    -H 'Content-Type: application/json' -H "Idempotency-Key: $op_id" --data-binary @request.json \
    "$node/v1/operations?wait=committed&timeout=5s") || code=000
  case $code in
    200)
      status=$(jq -r .status answer.json)
      break
      ;;
    202) ;;
    000 | 429 | 5??) sleep 1 ;;
    *) # RFC 9457: what `code` names did not happen, and the id stays usable
      jq -r '"\(.code): \(.title). \(.detail // "")"' answer.json >&2
      exit 1
      ;;
  esac
done
echo "$status by ${node#http://}: $(jq -r '.outcome.code // "no outcome"' answer.json)"
case $status in
  COMMITTED) ;;
  REJECTED | EXPIRED) exit 1 ;;
  *) exit 75 ;;
esac

# One node's word is not proof; the receipt is, with the genesis file alone.
curl -sf --max-time 10 -o receipt.json "$node/v1/operations/$actor/$op_id/receipt"
"$giro" receipt verify receipt.json --genesis "$genesis"
