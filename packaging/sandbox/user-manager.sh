#!/bin/bash
# A real `systemd --user` of an ordinary user, thrown away afterwards.
#
#   user-manager.sh [OPTION]… [--] CMD…     run CMD as that user, then take everything down; exits as CMD did
#   user-manager.sh [OPTION]… --hold        print "ready PID", keep everything up until standard input ends
#   user-manager.sh --enter PID [--root] [--env …]… [--] CMD…      run CMD in the sandbox that --hold keeps
#
#   --uid UID          the user's uid and gid (1000); inside, the name is always "tester"
#   --env NAME[=VALUE] hand a variable to CMD (RUST_*, NEXTEST*, CARGO_*, OPENCLAW_*, TERM, NO_COLOR go unasked, except with --enter)
#   --manager-env NAME=VALUE   put a variable into the user manager's own environment, as PAM or environment.d would
#   --show DIR         keep DIR visible inside (the checkout, the working directory and CMD's own folder always are)
#   --program FILE     put FILE first on the PATH inside, under its own name
#   --here             start CMD in the present working directory, not in the fresh home
#   --no-manager       the same user on the same machine, but no user manager and no bus
#   --no-journal       no journald
#   --root             (with --enter) as root instead of as the user
#   --pid-file FILE    (with --enter) first write CMD's process id, as seen inside, to FILE; it may be a pipe
#
# As a cargo runner every test binary gets a manager of its own:
#   CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="$PWD/packaging/sandbox/user-manager.sh --here --" cargo test
#
# Needs root (asks sudo), util-linux, iproute2, systemd and dbus-user-session; needs no systemd as PID 1, and works beside
# cgroup v1. All of it lives in private mount, pid, cgroup, ipc, uts and network namespaces: loopback is the only network,
# /home, /tmp, /run and /var/log are empty, and nothing of it is left on the host.
set -euo pipefail

SELF=$(readlink -f "$0")
CHECKOUT=${SELF%/packaging/sandbox/*}
STATE=/run/sandbox   # inside: what later --enter calls need to know

die() { echo "user-manager.sh: $*" >&2; exit 99; }

# ---- outside: a cgroup of our own, then the namespaces ---------------------------------------------------------------

# The manager may never run in the machine's root cgroup: it would move every process of the machine.
own_cgroup_then_namespaces() {
  mountpoint -q /sys/fs/cgroup && umount -R /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  local cgroup=/sys/fs/cgroup/openclaw-setup-sandbox.$$ status=0
  mkdir "$cgroup"
  echo $$ >"$cgroup/cgroup.procs"
  trap : INT TERM # the command inside hears Ctrl-C itself; we stay to clean up
  unshare --mount --pid --fork --cgroup --ipc --uts --net --kill-child "$SELF" --stage-inside "$@" || status=$?
  echo $$ >/sys/fs/cgroup/cgroup.procs
  remove_cgroup "$cgroup"
  exit $status
}

# The kernel lets a cgroup go only when its last process has been reaped.
remove_cgroup() {
  local _
  for _ in {1..100}; do
    find "$1" -depth -type d -exec rmdir {} + 2>/dev/null && return
    sleep 0.02
  done
}

# ---- inside: PID 1 of the sandbox ------------------------------------------------------------------------------------

# Bind mounts may lie on file systems that we are about to cover: take hold of them first.
take_hold() {
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -p $STATE/shown $STATE/bin /run/systemd/system # without the last, `systemd --user` refuses to start
  chmod 755 $STATE
  install -m 755 "$SELF" $STATE/user-manager.sh
  local n=0 path
  for path in "${shown[@]}"; do
    mkdir "$STATE/shown/$n"
    mount --rbind "$path" "$STATE/shown/$n"
    n=$((n + 1))
  done
  for path in "${programs[@]}"; do
    touch "$STATE/bin/${path##*/}"
    mount --bind "$path" "$STATE/bin/${path##*/}"
  done
}

# The first folder on the way to PATH that the user may not pass, if there is one.
closed_ancestor() {
  local path=$1 part='' so_far=''
  while IFS= read -r -d / part || [ -n "$part" ]; do
    [ -n "$part" ] || continue
    so_far+=/$part
    [ "$so_far" != "$path" ] && [ -e "$so_far" ] || return 0
    [ $((0$(stat -c %a "$so_far") & 1)) = 1 ] || { echo "$so_far"; return 0; }
    part=''
  done <<<"${path#/}/"
}

cover_and_show() {
  local n=0 path closed
  mount -t tmpfs -o "mode=755,size=${SANDBOX_HOME_SIZE:-1g}" tmpfs /home
  mount -t tmpfs -o mode=1777 tmpfs /tmp
  for path in "${shown[@]}"; do
    closed=$(closed_ancestor "$path")
    [ -z "$closed" ] || mount -t tmpfs -o mode=755 tmpfs "$closed"
    mkdir -p "$path"
    mount --rbind "$STATE/shown/$n" "$path"
    n=$((n + 1))
  done
}

# Inside, the uid is always "tester" with a home of its own, whatever the host calls it.
name_the_user() {
  install -d -m 700 -o "$uid" -g "$uid" $home "/run/user/$uid"
  chmod 755 /run/user
  local file
  for file in passwd group; do
    awk -F: -v uid="$uid" '$3 != uid && $1 != "tester"' /etc/$file >$STATE/$file
  done
  echo "tester:x:$uid:$uid::$home:/bin/bash" >>$STATE/passwd
  echo "tester:x:$uid:" >>$STATE/group
  mount --bind $STATE/passwd /etc/passwd
  mount --bind $STATE/group /etc/group
  # units that the host's packages have enabled for every user are none of ours
  [ ! -d /etc/systemd/user ] || mount -t tmpfs -o mode=755 tmpfs /etc/systemd/user
  [ ! -d /etc/environment.d ] || mount -t tmpfs -o mode=755 tmpfs /etc/environment.d
}

# The layout that logind would make: journald tells user units apart by it.
lay_out_cgroups() {
  mountpoint -q /sys/fs/cgroup && umount -R /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  local root=/sys/fs/cgroup delegated=/sys/fs/cgroup/$slice/user@$uid.service
  mkdir -p "$delegated" "$root/$slice/session-1.scope" $root/system.slice/systemd-journald.service
  chown "$uid:$uid" "$delegated" "$delegated"/cgroup.{procs,threads,subtree_control}
}

start_journald() {
  if [ ! -s /etc/machine-id ]; then
    dbus-uuidgen >$STATE/machine-id
    mount --bind $STATE/machine-id /etc/machine-id
  fi
  mount -t tmpfs -o mode=755 tmpfs /var/log
  mkdir -p /run/systemd/journal "/var/log/journal/$(cat /etc/machine-id)"
  touch /run/systemd/journal/flushed # or it keeps to /run, where `journalctl --user` does not look
  in_cgroup system.slice/systemd-journald.service \
    env SYSTEMD_LOG_TARGET=null /lib/systemd/systemd-journald >$STATE/journald.log 2>&1 </dev/null &
  wait_for_socket /run/systemd/journal/stdout || die "journald did not start: $(cat $STATE/journald.log)"
}

start_manager() {
  in_cgroup "$slice/user@$uid.service" "${as_user[@]}" env -i "${basics[@]}" "${manager_env[@]}" \
    SYSTEMD_LOG_TARGET=${journal:+journal} /lib/systemd/systemd --user >$STATE/manager.log 2>&1 </dev/null &
  echo $! >$STATE/manager.pid
  wait_for_socket "/run/user/$uid/bus" && wait_for_socket "/run/user/$uid/systemd/private" ||
    die "the user manager did not start: $(cat $STATE/manager.log)"
  "${as_user[@]}" env -i "${basics[@]}" systemctl --user is-system-running --wait >$STATE/manager.state || true
}

wait_for_socket() {
  local _
  for _ in {1..1000}; do
    [ ! -S "$1" ] || return 0
    sleep 0.01
  done
  return 1
}

# Becomes the command, so call it in a subshell or in the background.
in_cgroup() {
  echo "$BASHPID" >"/sys/fs/cgroup/$1/cgroup.procs"
  shift
  exec "$@"
}

describe_user() {
  slice=user.slice/user-$uid.slice
  home=/home/tester
  as_user=(setpriv --reuid "$uid" --regid "$uid" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs --)
  basics=(HOME=$home USER=tester LOGNAME=tester SHELL=/bin/bash LC_ALL=C.UTF-8
    PATH=$STATE/bin:/usr/local/bin:/usr/bin:/bin "XDG_RUNTIME_DIR=/run/user/$uid")
  [ -z "$manager" ] || basics+=("DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$uid/bus")
}

become_the_machine() {
  local host_pid
  read -r host_pid _ </proc/self/stat # /proc is still the host's: this is our number out there
  mount -t proc proc /proc
  cd / # where we were may be about to be covered
  ip link set lo up
  take_hold
  cover_and_show
  describe_user
  lay_out_cgroups
  name_the_user
  declare -p uid journal manager >$STATE/settings
  [ -z "$journal" ] || start_journald
  [ -z "$manager" ] || start_manager
  if [ -n "$hold" ]; then
    echo "ready $host_pid"
    cat >/dev/null # until our caller closes the pipe, or dies
    exit 0
  fi
  local status=0
  (run_command) || status=$?
  exit $status
}

# ---- the command -----------------------------------------------------------------------------------------------------

# Becomes the command. It hears Ctrl-C whoever started us: a job in the background has been told to ignore it.
run_command() {
  local who=("${as_user[@]}")
  [ -z "$root" ] || who=(env HOME=/root USER=root LOGNAME=root)
  if [ -n "$here" ]; then cd "$directory"; else cd "$home"; fi
  [ -z "$pid_file" ] || echo "$BASHPID" >"$pid_file"
  in_cgroup "$slice/session-1.scope" env -i --default-signal "${basics[@]}" "${extra_env[@]}" "${who[@]}" "${command[@]}"
}

enter() {
  exec nsenter --target "$enter" --mount --root --wd --pid --cgroup --ipc --uts --net -- $STATE/user-manager.sh --stage-entered "$@"
}

pass_usual_variables() {
  local name
  while IFS= read -r name; do
    case $name in RUST_* | NEXTEST* | CARGO_* | OPENCLAW_* | TERM | NO_COLOR) extra_env+=("$name=${!name}") ;; esac
  done < <(compgen -e)
}

# A program named by path must be visible and startable inside, with everything that lies beside it.
show_usual_folders() {
  [ ! -d "$CHECKOUT" ] || show "$CHECKOUT"
  show "$PWD"
  case ${command[0]-} in */*) show "$(dirname "$(readlink -f "${command[0]}")")" ;; esac
}

show() {
  local path
  path=$(readlink -f "$1") || die "there is no $1"
  case $path in / | /home | /tmp | /root | /run | /run/* | /usr | /usr/*) return ;; esac
  shown+=("$path")
}

# A folder inside another shown one needs nothing of its own.
outermost_shown() {
  local path last=/nowhere
  while IFS= read -r path; do
    case $path/ in "$last"/*) continue ;; esac
    echo "$path"
    last=$path
  done < <(printf '%s/\n' "${shown[@]}" | LC_ALL=C sort | sed 's,/$,,')
}

uid=1000 journal=yes manager=yes hold='' here='' root='' enter='' pid_file='' stage=''
directory=$PWD
extra_env=() manager_env=() shown=() programs=() command=()
arguments=("$@")
while [ $# -gt 0 ]; do
  case $1 in
  --stage-*) stage=${1#--stage-} ;;
  --uid) uid=$2; shift ;;
  --env) case $2 in *=*) extra_env+=("$2") ;; *) [ -z "${!2+set}" ] || extra_env+=("$2=${!2}") ;; esac; shift ;;
  --manager-env) manager_env+=("$2"); shift ;;
  --show) show "$2"; shift ;;
  --program) programs+=("$(readlink -f "$2")"); shift ;;
  --here) here=yes ;;
  --no-manager) manager='' ;;
  --no-journal) journal='' ;;
  --hold) hold=yes ;;
  --enter) enter=$2; shift ;;
  --root) root=yes ;;
  --pid-file) pid_file=$2; shift ;;
  --) shift; break ;;
  -*) die "there is no option $1" ;;
  *) break ;;
  esac
  shift
done
command=("$@")
[ -n "$hold" ] || [ ${#command[@]} -gt 0 ] || die "which command? (the head of $SELF says how)"
[ "$EUID" -eq 0 ] || exec "$CHECKOUT/packaging/sandbox/as-root.sh" "$SELF" "${arguments[@]}"

case $stage in
inside) show_usual_folders; mapfile -t shown < <(outermost_shown); [ -n "$hold" ] || pass_usual_variables; become_the_machine ;;
entered) source $STATE/settings; describe_user; run_command ;;
cgroup) own_cgroup_then_namespaces "${arguments[@]:1}" ;;
*)
  [ -z "$enter" ] || enter "${arguments[@]}"
  exec unshare --mount --propagation private "$SELF" --stage-cgroup "${arguments[@]}"
  ;;
esac
