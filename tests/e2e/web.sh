#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The web configuration file: errors at the start, promtool's opinion, changes while it serves, and misbehaving
# clients. A real Prometheus scrapes with TLS, password and certificate. On the loopback interface only.
set -u
cd "$(dirname "$0")/../.." || exit 1
suite=web
. tests/e2e/lib.sh
plan 92

clients=$PWD/tests/e2e/web_clients.py

# check NAME CONDITION...: a command whose exit code is the verdict
check() {
	local name=$1
	shift
	if "$@"; then ok "$name"; else not_ok "$name" "$*"; fi
}

cd "$temp" || exit 1

# ---- certificates and passwords ----

make_certificates() {
	local name
	openssl req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
		-keyout ca.key -out ca.pem -subj /CN=ca -addext keyUsage=critical,keyCertSign || return 1
	for name in server prometheus; do
		printf 'subjectAltName=DNS:localhost,DNS:%s.example\n' $name > $name.ext
		openssl req -new -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
			-keyout $name.key -out $name.csr -subj /CN=$name &&
			openssl x509 -req -in $name.csr -days 2 -extfile $name.ext -CA ca.pem \
				-CAkey ca.key -CAcreateserial -out $name.pem || return 1
	done
}
make_certificates > openssl.log 2>&1 || give_up "certificates" "openssl makes none"
# As certbot and other tools leave them.
chmod 0700 "$temp"
chmod 0600 ./*.key ./*.pem
umask 077

# By the library that the exporter uses, but not by the exporter.
bcrypt() { # PASSWORD COST
	python3 - "$1" "$2" <<-'END'
	import ctypes, ctypes.util, sys
	crypt = ctypes.CDLL(ctypes.util.find_library("crypt") or "libcrypt.so.1").crypt
	crypt.restype = ctypes.c_char_p
	setting = "$2y$%02d$abcdefghijklmnopqrstuu" % int(sys.argv[2])
	print(crypt(sys.argv[1].encode(), setting.encode()).decode())
	END
}
hash=$(bcrypt secret 6)

# ---- promtool agrees about each file ----

verdict_of() { # FILE: ours
	timeout 60 "$exporter" --config.check "--web.config.file=$1" syscall:getpgid > check.out 2> check.err
}

names=()
compare() { # NAME: for compare_all; standard input is the file
	cat > "case.${#names[@]}.yml"
	names+=("$1")
}

# promtool reads all files at once. It prints a line for each.
compare_all() {
	local i file ours theirs
	promtool check web-config case.*.yml > promtool.out 2>&1
	for i in "${!names[@]}"; do
		file=case.$i.yml
		verdict_of "$file"
		ours=$?
		grep -q "^$file SUCCESS" promtool.out
		theirs=$?
		if [ $ours -eq 2 ] && [ "$(grep -c . check.err)" -ne 1 ]; then
			not_ok "promtool agrees: ${names[i]}" "$(head -3 check.err)"
		elif [ $ours -ne 0 ] && [ $ours -ne 2 ]; then
			not_ok "promtool agrees: ${names[i]}" "exit $ours: $(head -3 check.err)"
		elif [ $((ours != 0)) -eq $theirs ]; then
			ok "promtool agrees: ${names[i]}"
		else
			not_ok "promtool agrees: ${names[i]}" "we say $ours ($(head -1 check.err)), it says $(
				grep "^$file" promtool.out)"
		fi
	done
}

pair='cert_file: server.pem, key_file: server.key'
compare "an empty file" < /dev/null
compare "a pair" <<< "tls_server_config: {$pair}"
compare "everything" << END
tls_server_config:
  cert_file: server.pem
  key_file: $temp/server.key
  client_ca_file: ca.pem
  client_auth_type: RequireAndVerifyClientCert
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]
  curve_preferences: [CurveP256, CurveP384, CurveP521, X25519]
  min_version: TLS10
  max_version: TLS12
  prefer_server_cipher_suites: no
http_server_config:
  http2: false
  headers: {X-Frame-Options: deny, Strict-Transport-Security: max-age=1}
basic_auth_users: {alice: $hash, bob: $hash}
END
for type in NoClientCert RequestClientCert RequireAnyClientCert RequireClientCert \
	VerifyClientCertIfGiven RequireAndVerifyClientCert SometimesClientCert; do
	compare "$type" <<< "tls_server_config: {$pair, client_auth_type: $type}"
	compare "$type with a CA" <<< "tls_server_config: {$pair, client_auth_type: $type, client_ca_file: ca.pem}"
done
compare "no key" <<< "tls_server_config: {cert_file: server.pem}"
compare "no certificate" <<< "tls_server_config: {key_file: server.key}"
compare "a CA only" <<< "tls_server_config: {client_ca_file: ca.pem}"
compare "a file that is not there" <<< "tls_server_config: {cert_file: none.pem, key_file: server.key}"
compare "a CA that is not there" <<< "tls_server_config: {$pair, client_auth_type: RequireClientCert, client_ca_file: none}"
compare "two halves" <<< "tls_server_config: {cert_file: server.pem, key_file: ca.key}"
compare "empty names" <<< 'tls_server_config: {cert_file: "", key_file: ""}'
compare "nulls" <<< 'tls_server_config:'
compare "versions alone" <<< 'tls_server_config: {min_version: TLS12}'
compare "an invented version" <<< "tls_server_config: {$pair, min_version: TLS14}"
compare "an invented suite" <<< "tls_server_config: {$pair, cipher_suites: [TLS_NONE]}"
compare "an invented curve" <<< "tls_server_config: {$pair, curve_preferences: [CurveP257]}"
compare "an unknown key" <<< 'tls_server: {}'
compare "an unknown key of TLS" <<< "tls_server_config: {$pair, certificate: x}"
compare "a duplicate key" <<< "tls_server_config: {$pair, key_file: server.key}"
compare "a duplicate user" <<< "basic_auth_users: {bob: $hash, bob: $hash}"
compare "a password in the clear" <<< 'basic_auth_users: {bob: secret}'
compare "another hash" <<< 'basic_auth_users: {bob: $6$abc$def}'
compare "http2: maybe" <<< 'http_server_config: {http2: maybe}'
compare "another header" <<< 'http_server_config: {headers: {X-Powered-By: us}}'
compare "a header's wrong value" <<< 'http_server_config: {headers: {X-Frame-Options: allow}}'
compare "a header's wrong case" <<< 'http_server_config: {headers: {x-frame-options: deny}}'
compare "a list" <<< '- tls_server_config'
compare_all

# ---- at the start ----

verdict_of none.yml
code=$?
check "a file that is not there: exit 2" [ $code = 2 ]
echo 'basic_auth_user: {}' > case.yml
verdict_of case.yml
check "where a file is wrong is said" grep -q 'case.yml:1:1: .*did you mean basic_auth_users' check.err

# ---- it serves ----

read -r port second_port plain_port prometheus_port < <(free_ports 4)
write_config() { # PASSWORD_HASH
	cat > web.new <<- END
	tls_server_config:
	  cert_file: server.pem
	  key_file: server.key
	  client_auth_type: VerifyClientCertIfGiven
	  client_ca_file: ca.pem
	http_server_config:
	  headers: {X-Frame-Options: deny}
	basic_auth_users: {prometheus: $1}
	END
	mv web.new web.yml
}
write_config "$hash"

cat > notified.py << 'END'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(s.recv(4096).decode(), flush=True)
END
python3 notified.py "$temp/notify" > notified &
pids+=($!)
wait_for 30 grep -qs listening notified || give_up "sd_notify" "python does not listen"

# Root in a sandbox: it reads its own files, whatever their mode, and no others.
NOTIFY_SOCKET=$temp/notify setpriv --bounding-set=-dac_override,-dac_read_search \
	"$exporter" --web.config.file=web.yml \
	--web.listen-address="127.0.0.1:$port" --web.listen-address="127.0.0.1:$second_port" \
	syscall:getpgid > exporter.log 2>&1 &
exporter_pid=$!
pids+=("$exporter_pid")

# get PORT PATH CURL_ARGUMENTS...: prints the status
get() {
	local url=https://localhost:$1$2
	shift 2
	curl -s -m 30 --cacert ca.pem -o body -w '%{http_code}' "$@" "$url"
}
is() { # STATUS get's arguments...
	[ "$(get "${@:2}")" = "$1" ]
}
# A change counts at once, or once the attacher has time.
becomes() { # as is
	wait_for 60 is "$@"
}
login=(-u prometheus:secret)

wait_for 60 is 200 "$port" /-/ready "${login[@]}" || give_up "start" "it does not answer"
wait_for 30 grep -qx READY=1 notified
check "READY=1 is told" grep -qx READY=1 notified
check "the second address" is 200 "$second_port" /metrics "${login[@]}"
check "no password" is 401 "$port" /metrics
check "a wrong password" is 401 "$port" /metrics -u prometheus:wrong
check "an unknown user" is 401 "$port" /metrics -u nobody:fakepassword
check "the landing page, too" is 401 "$second_port" /
check "with a certificate" is 200 "$port" /metrics "${login[@]}" --cert prometheus.pem --key prometheus.key
check "TLS 1.1 is refused" is 000 "$port" /metrics "${login[@]}" --tlsv1.1 --tls-max 1.1
check "no HTTP in the clear" [ "$(curl -s -m 30 -o body -w '%{http_code}' "http://127.0.0.1:$port/metrics")" = 000 ]
curl -s -m 30 --cacert ca.pem -D headers -o body "${login[@]}" "https://localhost:$port/"
check "the header that was asked for" grep -qi '^x-frame-options: deny' headers

# ---- the file changes ----

logged() { # LEVEL TEXT [LOG]
	grep -q "level=$1.*$2" "${3:-exporter.log}"
}

write_config "$(bcrypt other 6)"
check "the old password, after it changed" becomes 401 "$port" /metrics "${login[@]}"
check "the new password" is 200 "$port" /metrics -u prometheus:other
echo 'nonsense: here' > web.new && mv web.new web.yml
check "a broken file opens no door" becomes 000 "$port" /metrics -u prometheus:other
check "a broken file is logged" logged error 'web.yml:1:1: unknown key'
write_config "$hash"
check "a file that is mended" becomes 200 "$port" /metrics "${login[@]}"
chown nobody server.key
check "a key that may not be read" becomes 000 "$port" /metrics "${login[@]}"
check "that is logged, with what to do" logged error 'server.key: Permission denied; let root read it'
chown root server.key
check "a key that may be read again" becomes 200 "$port" /metrics "${login[@]}"
chown nobody web.yml
check "a web configuration that may not be read" becomes 000 "$port" /metrics "${login[@]}"
check "that is logged, too" logged error 'cannot read web.yml: Permission denied'
write_config "$hash"
check "another in its place" becomes 200 "$port" /metrics "${login[@]}"

# certbot and Kubernetes replace links.
serves() { # CERTIFICATE: whether it is served
	local served
	served=$(openssl s_client -connect "localhost:$port" < /dev/null 2> s_client.err |
		openssl x509 -noout -fingerprint 2> x509.err)
	[ -n "$served" ] && [ "$served" = "$(openssl x509 -noout -fingerprint -in "$1")" ]
}
mkdir 1 2
cp server.pem server.key 1
cp prometheus.pem 2/server.pem
cp prometheus.key 2/server.key
ln -s 1 data
ln -sf data/server.pem data/server.key .
check "through links" becomes 200 "$port" /metrics "${login[@]}"
check "the certificate that they lead to" serves 1/server.pem
ln -s 2 next && mv -T next data
check "links that are exchanged" wait_for 60 serves 2/server.pem
check "it answers with them" is 200 "$port" /metrics "${login[@]}"
ln -s none next && mv -T next data
check "links that lead nowhere" becomes 000 "$port" /metrics "${login[@]}"
check "they are logged" logged error 'cert_file: cannot read server.pem: No such file'
ln -s 1 next && mv -T next data
check "links as they were" becomes 200 "$port" /metrics "${login[@]}"

# ---- without TLS: invalid requests get an answer ----

plain() { # STATUS PASSWORD [PATH]
	[ "$(curl -s -m 30 -o body -w '%{http_code}' -u "prometheus:$2" "http://127.0.0.1:$plain_port${3:-/}")" = "$1" ]
}
write_users() { # HASH
	echo "basic_auth_users: {prometheus: $1}" > plain.new && mv plain.new plain.yml
}
write_users "$hash"
setpriv --bounding-set=-dac_override,-dac_read_search "$exporter" --web.config.file="$temp/plain.yml" \
	--web.listen-address="127.0.0.1:$plain_port" syscall:getpgid > plain.log 2>&1 &
plain_pid=$!
pids+=("$plain_pid")
check "a password of root's file" wait_for 60 plain 200 secret
check "a wrong one" plain 401 wrong
chown nobody plain.yml
check "a file that may not be read: 500" wait_for 60 plain 500 secret
check "that, with what to do, is in the log" logged error 'plain.yml: Permission denied; let root' plain.log
write_users "$hash"
check "a file that may be read again" wait_for 60 plain 200 secret
echo '[' > plain.new && mv plain.new plain.yml
check "a broken file: 500" wait_for 60 plain 500 secret
check "that is in the log" logged error 'plain.yml:2:1: ' plain.log
write_users "$hash"
check "a mended file" wait_for 60 plain 200 secret

# An attacher that is busy for any length of time.
kill -STOP "$plain_pid"
write_users "$(bcrypt other 6)"
check "a busy attacher: what it said is what counts" plain 200 secret
check "a busy attacher opens no door" plain 401 wrong
kill -CONT "$plain_pid"
check "when it is back, what has changed counts" wait_for 60 plain 401 secret
check "and the new password" plain 200 other
kill -KILL "$(pgrep -P "$plain_pid")"
check "another server knows the files, too" wait_for 60 plain 200 other
check "and is as strict" plain 401 secret
server_pid=$(pgrep -P "$plain_pid")
check "servers are in no group of root's" grep -qE '^Groups:[[:space:]]*$' "/proc/$server_pid/status"
check "servers are confined" grep -qE '^Seccomp:[[:space:]]*2$' "/proc/$server_pid/status"
kill -KILL "$plain_pid"
wait "$plain_pid" 2> wait.err
check "without the attacher there is no server" wait_for 60 plain 000 other

# ---- Prometheus ----

cat > prometheus.yml << END
global: {scrape_interval: 5s, scrape_timeout: 5s}
scrape_configs:
  - job_name: right
    scheme: https
    tls_config: {ca_file: ca.pem, cert_file: prometheus.pem, key_file: prometheus.key, server_name: localhost}
    basic_auth: {username: prometheus, password: secret}
    static_configs: [{targets: ["127.0.0.1:$port"]}]
  - job_name: wrong
    scheme: https
    tls_config: {ca_file: ca.pem, server_name: localhost}
    basic_auth: {username: prometheus, password: wrong}
    static_configs: [{targets: ["127.0.0.1:$second_port"]}]
END
prometheus --config.file=prometheus.yml --storage.tsdb.path=data \
	--web.listen-address="127.0.0.1:$prometheus_port" --log.level=warn > prometheus.log 2>&1 &
prometheus_pid=$!
pids+=("$prometheus_pid")

up_is() { # JOB VALUE
	curl -s -f -m 10 -G --data-urlencode "query=up{job=\"$1\"}" \
		"http://127.0.0.1:$prometheus_port/api/v1/query" |
		jq -e --arg v "$2" '.data.result[0].value[1] == $v' > up.out 2>&1
}
check "Prometheus scrapes it" wait_for 90 up_is right 1
check "Prometheus with a wrong password does not" wait_for 60 up_is wrong 0
kill "$prometheus_pid"

# ---- misbehaving clients ----

server_pid=$(pgrep -P "$exporter_pid")
timeout 300 python3 "$clients" "$port" prometheus:secret "$server_pid" ca.pem || failed=1
check "the same server all the time" [ "$(pgrep -P "$exporter_pid")" = "$server_pid" ]

# ---- the end ----

kill -TERM "$exporter_pid"
wait "$exporter_pid"
code=$?
check "it stops cleanly" [ $code = 0 ]
wait_for 30 grep -qx STOPPING=1 notified
check "STOPPING=1 is told" grep -qx STOPPING=1 notified
exit $failed
