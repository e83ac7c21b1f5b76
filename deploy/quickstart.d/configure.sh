# shellcheck shell=bash disable=SC2154,SC2034
# Writes the configurations of the quick start's hub, adapters and people. Sourced by
# deploy/quickstart; uses $run, $authority, $hub_port, $admin_port.

trust_domain=nortown.example
audience=signpost.nortown.example
origin=signpost.nortown.example/ledger

# Nothing is new here: the sample stands for work that has gone on for years.
configure_hub() {
  mkdir -p "$run/hub" "$run/hub-checkpoint"
  cp policy/shipped/nortown.policy deploy/area/nortown-words.json "$run/hub/"
  cat >"$run/hub/hub.json" <<END
{
  "listen": "127.0.0.1:$hub_port",
  "admin_listen": "127.0.0.1:$admin_port",
  "trust_domain": "$trust_domain",
  "audience": "$audience",
  "contact_desk": "01632 960000, the Nortown contact desk",
  "origin": "$origin",
  "operator_spiffe_id": "spiffe://$trust_domain/agency/nortown-hub/system/operator",
  "reflection": true,
  "tls": {
    "certificate": "$authority/hub/hub.pem",
    "key": "$authority/hub/hub.key",
    "client_ca": "$authority/ca.pem"
  },
  "keys": {"master": "master.key", "ledger": "ledger.key"},
  "store": {"kind": "rocksdb", "path": "store"},
  "checkpoint_file": "../hub-checkpoint/checkpoint",
  "policy": {"text": "nortown.policy", "words": "nortown-words.json"},
  "standing": {"new_days": 0, "new_days_unlisted": 0},
  "log": {"file": "hub.log"}
}
END
}

# The area file, with the agencies' public keys beside it.
configure_area() {
  local folder
  mkdir -p "$run/area/keys"
  cp deploy/area/nortown.json "$run/area/"
  for folder in "$authority"/agencies/*/; do
    cp "$folder/assertion.pub.pem" "$run/area/keys/$(basename "$folder").pub.pem"
  done
}

# configure_person AGENCY SYSTEM: a profile for `signpost --profile`.
configure_person() {
  local folder=$authority/agencies/$1
  mkdir -p "$run/people"
  cat >"$run/people/$1.json" <<END
{
  "hub": "127.0.0.1:$hub_port",
  "ca": "$authority/ca.pem",
  "cert": "$folder/$2.pem",
  "key": "$folder/$2.key",
  "agency": "$1",
  "assertion_key": "$folder/assertion.key",
  "assertion_key_id": "$(<"$folder/assertion.kid")",
  "audience": "$audience"
}
END
}

# configure_adapter AGENCY SAMPLE [NOTICES]: with NOTICES it reads its mailbox too. A single reading of
# the inbox does not, for nobody is told anything yet and the mailbox says so only after a while.
configure_adapter() {
  local folder=$authority/agencies/$1 home=$run/adapters/$1 notices=''
  [[ -z ${3:-} ]] || notices=', "notices": "notices.jsonl"'
  mkdir -p "$home"
  cat >"$home/adapter.json" <<END
{
  "hub": {
    "address": "127.0.0.1:$hub_port",
    "ca": "$authority/ca.pem",
    "certificate": "$folder/adapter.pem",
    "key": "$folder/adapter.key"
  },
  "inbox": "$run/sample/$2/inbox",
  "journal": "adapter.journal",
  "report": "report.jsonl",
  "status": "status.json"$notices
}
END
}
