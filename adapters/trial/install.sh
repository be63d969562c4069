# Installs packages and leaves neither a cluster nor a running service behind.
# Arguments: the cluster file, the policy file, then the packages.
set -eu
cluster=$1 policy=$2
shift 2
export DEBIAN_FRONTEND=noninteractive

ours=''
tidy() {
	rm -f "$cluster"
	rmdir "${cluster%/*}" 2>/dev/null || :
	if [ -n "$ours" ]; then rm -f "$policy"; fi
}
trap tidy EXIT
trap 'exit 130' HUP INT TERM

mkdir -p "${cluster%/*}"
echo 'create_main_cluster = false' >"$cluster"

# A policy of the system's own stays; one that a killed run of ours left goes.
if [ ! -e "$policy" ] || grep -q 'written by twoline' "$policy"; then
	ours=yes
	printf '#!/bin/sh\n# written by twoline for the time of one installation\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi

# A broken third-party source must not keep the rest from being installed.
apt-get update -q || echo 'apt-get update had errors; going on with the lists that are there'
apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"

# Debian would start it at the next boot.
for package in "$@"; do
	if [ "$package" = redis-server ] && command -v systemctl >/dev/null; then
		systemctl disable --quiet redis-server || :
	fi
done
