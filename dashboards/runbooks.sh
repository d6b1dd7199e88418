#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Prints the alerts, each with the runbook_url URL#alert:
#
#	runbooks.sh URL > /etc/prometheus/retprobe.alerts.yaml
#
# URL is the address of the rendered README.md of this directory, in your git server or wiki.
set -eu
case ${1-} in
*[!A-Za-z0-9:/?=\&%._~+-]* | '') url='' ;;
http://* | https://*) url=$1 ;;
*) url='' ;;
esac
if [ $# -ne 1 ] || [ -z "$url" ]; then
	echo "usage: runbooks.sh http[s]://HOST/PATH; without # and characters that need quotes" >&2
	exit 2
fi
awk -v url="$url" '
	{ print }
	$2 == "alert:" { alert = tolower($3) }
	$1 == "annotations:" { printf "%*srunbook_url: '\''%s#%s'\''\n", index($0, "a") + 1, "", url, alert }' \
	"$(dirname "$0")/retprobe.alerts.yaml"
