# shellcheck shell=bash
# shellcheck disable=SC2154 # work is of lib.sh
# An SSH server of the test's own, on 127.0.0.1, as the user who runs the test; read after lib.sh. All that it has lies
# in the test's folder, and it dies with the test. The programs of far/ come first in its PATH.

# start_ssh_server: from then on `ssh web1` gets there, whatever the user's own configuration says.
start_ssh_server() {
  local sshd
  sshd=$(PATH=$PATH:/usr/sbin command -v sshd) || skip "sshd is not installed"
  needs ssh ssh-keygen python3
  mkdir -p ssh far bin
  chmod 700 ssh
  ssh-keygen -q -t ed25519 -N '' -f ssh/host
  ssh-keygen -q -t ed25519 -N '' -f ssh/key
  cp ssh/key.pub ssh/authorized
  ssh_port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
  cat >ssh/sshd_config <<CONFIG
ListenAddress 127.0.0.1
Port $ssh_port
HostKey $work/ssh/host
PidFile none
AuthorizedKeysFile $work/ssh/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
SetEnv PATH=$work/far:/usr/local/bin:/usr/bin:/bin FAR=$work/far
CONFIG
  cat >ssh/config <<CONFIG
Host gone
  Port 1
Host stranger
  UserKnownHostsFile /dev/null
Host web1 gone stranger
  HostName 127.0.0.1
  Port $ssh_port
  User $(id -un)
  IdentityFile $work/ssh/key
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile $work/ssh/known
  StrictHostKeyChecking yes
CONFIG
  echo "[127.0.0.1]:$ssh_port $(cut -d' ' -f1,2 ssh/host.pub)" >ssh/known
  # The ssh that imgport finds: the system's, with this configuration and no other.
  printf '#!/bin/sh\nexec %s -F %s "$@"\n' "$(command -v ssh)" "$work/ssh/config" >bin/ssh
  chmod +x bin/ssh
  PATH=$work/bin:$PATH
  # As root it wants a folder to lock itself in; it is made where only this process sees it.
  local apart=()
  if [ "$(id -u)" -eq 0 ] && [ ! -d /run/sshd ]; then
    apart=(unshare --mount --propagation private sh -c 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"' sh)
  fi
  "${apart[@]}" "$sshd" -D -e -f ssh/sshd_config 2>ssh/log &
  ssh_server=$!
  trap end_of_test EXIT
  local tries
  for tries in $(seq 100); do
    ! ssh -o BatchMode=yes web1 true 2>ssh/why || return 0
    kill -0 "$ssh_server" 2>/dev/null || break
    sleep 0.1
  done
  cat ssh/log ssh/why >&2
  skip "NO SSH SERVER COULD BE STARTED HERE ($tries attempts); NOTHING WAS TESTED"
}

end_of_test() {
  local status=$?
  stop_ssh_server
  if (exit "$status"); then finish; else finish; fi # which looks at the status
}

stop_ssh_server() {
  drop_connections
  kill "$ssh_server" 2>/dev/null || true
  wait "$ssh_server" 2>/dev/null || true
}

# drop_connections: kills what serves them, not the server.
drop_connections() {
  local child
  for child in $(ps -o pid= --ppid "$ssh_server" 2>/dev/null); do
    pkill -9 -P "$child" || true
    kill -9 "$child" 2>/dev/null || true
  done
}
