# shellcheck shell=bash
# What a reader of figures wants to know of the machine that they come from.

machine() {
  printf 'machine: %s, %s cores, %s MiB, Linux %s\n' "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" \
    "$(nproc)" "$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)" "$(uname -r)"
  printf 'load before: %s\n' "$(cut -d' ' -f1-3 /proc/loadavg)"
}
