#!/usr/bin/env bash
# The certificates by which the nodes of one cluster know one another (RAY_USE_TLS). Needs openssl.
#
#   certificates.sh authority FOLDER             once, before `ray up`: FOLDER/ca.crt and ca.key; refuses to replace one
#   certificates.sh node AUTHORITY FOLDER NAME...  on every node: FOLDER/node.crt, node.key and ca.crt, for these names
#
# Ray checks that a certificate names the address that it connects to: each node has its own, for its own addresses, and
# none can be made before the node is there. Whoever has ca.key can join the cluster: it is for one cluster alone.
set -euo pipefail
umask 077

AUTHORITY_DAYS=1825
NODE_DAYS=397
NEW_KEY=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)

authority() {
    mkdir -p "$1"
    if [ -e "$1/ca.key" ]; then
        echo "$1/ca.key is there: every node of its cluster would have to be made again; remove it first" >&2
        exit 2
    fi
    openssl req -x509 "${NEW_KEY[@]}" -sha256 -days "$AUTHORITY_DAYS" -subj "/CN=radray cluster" \
        -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign" \
        -keyout "$1/ca.key" -out "$1/ca.crt" 2> /dev/null
}

node() {
    local from=$1 to=$2 names="DNS:localhost,IP:127.0.0.1" name
    shift 2
    for name in "$@"; do
        case $name in
            "") ;;
            *:*) names+=",IP:$name" ;;
            *[!0-9.]*) names+=",DNS:$name" ;;
            *) names+=",IP:$name" ;;
        esac
    done
    mkdir -p "$to"
    openssl req "${NEW_KEY[@]}" -sha256 -subj "/CN=radray node" -keyout "$to/node.key" -out "$to/node.csr" 2> /dev/null
    printf '%s\n' "basicConstraints=critical,CA:FALSE" "keyUsage=critical,digitalSignature" \
        "extendedKeyUsage=serverAuth,clientAuth" "subjectAltName=$names" > "$to/node.ext"
    openssl x509 -req -sha256 -days "$NODE_DAYS" -in "$to/node.csr" -extfile "$to/node.ext" \
        -CA "$from/ca.crt" -CAkey "$from/ca.key" -set_serial "0x$(openssl rand -hex 16)" -out "$to/node.crt" 2> /dev/null
    rm "$to/node.csr" "$to/node.ext"
    [ "$from" -ef "$to" ] || cp "$from/ca.crt" "$to/ca.crt"
}

case ${1:-} in
    authority) authority "${2:?FOLDER}" ;;
    node) node "${2:?AUTHORITY}" "${3:?FOLDER}" "${@:4}" ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
