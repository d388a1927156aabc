#!/bin/sh
# A refresh and a create with nothing but curl, as people write it. BENCH_CA is whom to trust.
set -e
token=$(curl -sSf --cacert "$BENCH_CA" -d grant_type=refresh_token -d refresh_token=bench-refresh-token \
  -d client_id=bench.apps.googleusercontent.com -d client_secret=bench-client-secret "$BENCH_TOKEN" |
  sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p')
exec curl -sSf --cacert "$BENCH_CA" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
  -d '{"displayName":"API-made","spaceType":"SPACE"}' "$BENCH_CHAT/v1/spaces"
