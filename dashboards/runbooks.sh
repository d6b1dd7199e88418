#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Prints the alerts with a runbook_url each, which is URL#alert:
#
#	runbooks.sh URL > /etc/prometheus/retprobe.alerts.yaml
#
# URL is where your readers find README.md of this directory, rendered: in your git server or wiki.
set -eu
case ${1-} in
*[!A-Za-z0-9:/?=\&%._~+-]* | '') url='' ;;
http://* | https://*) url=$1 ;;
*) url='' ;;
esac
if [ $# -ne 1 ] || [ -z "$url" ]; then
	echo "usage: runbooks.sh http[s]://HOST/PATH; it has no # and nothing that has to be quoted" >&2
	exit 2
fi
awk -v url="$url" '
	{ print }
	$2 == "alert:" { alert = tolower($3) }
	$1 == "annotations:" { printf "%*srunbook_url: '\''%s#%s'\''\n", index($0, "a") + 1, "", url, alert }' \
	"$(dirname "$0")/retprobe.alerts.yaml"
