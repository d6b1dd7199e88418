# SPDX-License-Identifier: GPL-2.0-only
# Finds packages of other suites than this machine's, through a separate apt state. It uses the mirrors and
# keys of the machine's own apt configuration. It installs nothing. No download host is written here.
#
# Source this file. It needs $arch, $work (a directory for temporary files) and die().
# shellcheck shell=sh disable=SC2034,SC2154 # set and used where it is sourced

os_field() {
	sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" /etc/os-release 2>/dev/null | head -n 1
}

host_distribution() {
	case " $(os_field ID) $(os_field ID_LIKE) " in
	*" ubuntu "*) echo ubuntu ;;
	*" debian "*) echo debian ;;
	*) echo other ;;
	esac
}

# apt-get and apt-cache that only see the sources list in the state directory $1.
private_apt() {
	state=$1 tool=$2
	shift 2
	"$tool" -qq -o Dir::State="$state" -o Dir::State::lists="$state/lists" \
		-o Dir::State::status=/dev/null -o Dir::Cache="$state/cache" \
		-o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::Etc::preferences=- -o Dir::Etc::preferencesparts=- \
		-o APT::Architecture="$arch" -o APT::Architectures="$arch" \
		-o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

# The base URIs of this machine's package sources that may have other suites of distribution $1, most likely
# first. --print-uris covers .list and .sources files, fetched or not.
mirror_candidates() {
	mkdir -p "$work/uris/partial"
	apt-get -o Dir::State::lists="$work/uris" update --print-uris |
		sed -n "s|^'\(.*\)/dists/\([^/]*\)/InRelease' .*|\1 \2|p" |
		awk -v distribution="$1" -v codename="$(os_field VERSION_CODENAME)" '
			/^cdrom:/ || seen[$1]++ { next }
			# Security and third-party repositories use suite names of the same form.
			$2 ~ /security/ || $1 ~ /security/ { next }
			{ rank = 2 }
			$2 == codename || $2 ~ /^(old)*stable$/ || $2 == "testing" { rank = 1 }
			rank == 1 && $1 ~ (distribution "/*$") { rank = 0 }
			{ print rank, $1 }' | sort -s -n -k 1,1 | cut -d ' ' -f 2-
}

# The options in brackets for a sources.list line with URI $1: the keys and trust that this machine configures
# for that URI.
source_options() {
	uri=${1%/}
	for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -f "$list" ] || continue
		awk -v uri="$uri" '
			$1 == "deb" && match($0, /\[[^]]*\]/) {
				options = substr($0, RSTART + 1, RLENGTH - 2)
				rest = substr($0, RSTART + RLENGTH)
				split(rest, field, /[ \t]+/)
				sub(/\/*$/, "", field[2])
				if (field[2] == uri) {
					n = split(options, option, /[ \t]+/)
					for (i = 1; i <= n; i++)
						if (option[i] ~ /^(signed-by|trusted|check-valid-until)=/)
							print option[i]
					exit
				}
			}' "$list"
	done
	for list in /etc/apt/sources.list.d/*.sources; do
		[ -f "$list" ] || continue
		# An inline key goes into a file of its own.
		awk -v uri="$uri" -v keyfile="$work/source-key.asc" '
			function flush_stanza(	i) {
				if (match_uri && !disabled) {
					if (key != "") {
						printf "%s", key > keyfile
						close(keyfile)
						signed = keyfile
					}
					if (signed != "")
						print "signed-by=" signed
					if (trusted != "")
						print "trusted=" trusted
					if (valid != "")
						print "check-valid-until=" valid
					found = 1
				}
				field = signed = key = trusted = valid = ""
				match_uri = disabled = 0
			}
			function take(words,	i, n, word) {
				n = split(words, word, /[ \t]+/)
				for (i = 1; i <= n; i++) {
					sub(/\/*$/, "", word[i])
					if (field == "uris" && word[i] == uri)
						match_uri = 1
				}
				gsub(/^[ \t]+|[ \t]+$/, "", words)
				if (words == "")
					return
				if (field == "signed-by")
					signed = signed (signed == "" ? "" : ",") words
				else if (field == "trusted")
					trusted = words
				else if (field == "check-valid-until")
					valid = words
				else if (field == "enabled" && words == "no")
					disabled = 1
			}
			/^#/ { next }
			/^[ \t]*$/ { flush_stanza(); if (found) exit; next }
			/^[ \t]/ {
				if (field == "signed-by" && ($0 ~ /BEGIN PGP/ || key != "")) {
					line = substr($0, 2)
					key = key (line == "." ? "" : line) "\n"
				} else {
					take($0)
				}
				next
			}
			{
				field = tolower($1)
				sub(/:.*/, "", field)
				value = $0
				sub(/^[^:]*:/, "", value)
				take(value)
			}
			END { if (!found) flush_stanza() }' "$list"
	done | awk '!seen[$0]++'
}

# The options for a mirror that the user names: Debian's keys, or none.
debian_keyring_option() {
	for keyring in /usr/share/keyrings/debian-archive-keyring.pgp \
		/usr/share/keyrings/debian-archive-keyring.gpg; do
		if [ -s "$keyring" ]; then
			echo "signed-by=$keyring"
			return
		fi
	done
	die "KERNEL_MIRROR needs Debian's keys to check what it serves:" \
		"apt-get install debian-archive-keyring"
}
