#!/bin/sh
# A client of Parley with curl and jq.
#
#   sh parley.sh ask TEXT [CONVERSATION]    one question, one reply
#   sh parley.sh stream TEXT                the reply as it comes
#   sh parley.sh follow TEXT                ask without waiting, then look until there is a reply
#   sh parley.sh rate JOB SCORE [COMMENT]   1 (worst) to 5 (best)
#   sh parley.sh person CONVERSATION        what is said there, by a person too; Ctrl-C ends it
#
# PARLEY_URL is the gateway's address, PARLEY_API_KEY the key where one is asked for.
set -eu
url=${PARLEY_URL:-http://127.0.0.1:8000}
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# --retry comes back after 429 and 503, when Retry-After says so, and after a broken connection. A
# message goes under the same Idempotency-Key each time, so it is asked once however often it is sent.
request() {
  path=$1
  shift
  curl --silent --show-error --fail-with-body --retry 5 --retry-connrefused --retry-max-time 60 \
    ${PARLEY_API_KEY:+--header "Authorization: Bearer $PARLEY_API_KEY"} \
    --header "Content-Type: application/json" "$@" "$url$path"
}

call() {
  if request "$@" --output "$answer"; then
    cat "$answer"
  else
    jq --raw-output .detail "$answer" >&2
    return 1
  fi
}

question() {
  jq --null-input --arg text "$1" --arg conversation "${2:-}" \
    '{message: $text} + if $conversation == "" then {} else {conversation_id: $conversation} end'
}

key() {
  od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

ask() {
  reply=$(call /chat --data "$(question "$@")" --header "Idempotency-Key: $(key)")
  printf '%s' "$reply" | jq --raw-output .response
}

stream() {
  request /chat --data "$(question "$1")" --header "Idempotency-Key: $(key)" \
    --header "Accept: text/event-stream" --no-buffer | {
    while IFS= read -r line; do
      case $line in
        "event: "*) event=${line#event: } ;;
        "data: "*)
          data=${line#data: }
          case $event in
            delta) printf '%s' "$data" | jq --join-output .text ;;
            reply) echo; exit ;;
            error) printf '%s' "$data" | jq --raw-output .detail >&2 ;;
          esac
          ;;
      esac
    done
    exit 1
  }
}

follow() {
  accepted=$(call /chat --data "$(question "$1")" --header "Idempotency-Key: $(key)" \
    --header "Prefer: respond-async")
  job=$(printf '%s' "$accepted" | jq --raw-output .job_id)
  while found=$(call "/jobs/$job"); do
    case $(printf '%s' "$found" | jq --raw-output .state) in
      queued | started) sleep 1 ;;
      done) printf '%s' "$found" | jq --raw-output .reply.response; return ;;
      *) printf '%s' "$found" | jq --raw-output .error.detail >&2; return 1 ;;
    esac
  done
  return 1
}

rate() {
  call /feedback --data "$(jq --null-input --arg job "$1" --argjson score "$2" --arg comment "${3:-}" \
    '{job_id: $job, score: $score} + if $comment == "" then {} else {comment: $comment} end')"
}

person() {
  request "/conversations/$1/events" --no-buffer |
    while IFS= read -r line; do
      case $line in
        "event: "*) event=${line#event: } ;;
        "data: "*)
          case $event in
            turn) printf '%s' "${line#data: }" | jq --raw-output '"\(.by // .role): \(.text)"' ;;
            handover) printf '%s' "${line#data: }" | jq --raw-output '"[\(.state)]"' ;;
          esac
          ;;
      esac
    done
}

case ${1:-} in
  ask | stream | follow | rate | person) "$@" ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
